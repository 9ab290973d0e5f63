"""UpSampling2D and ZeroPadding2D against Keras on the backend in use, and PyTorch."""

import keras
import numpy as np
import pytest

from solutions.u05_convolution import upsampling
from tests.parity.u05_convolution.comparing import (
    BACKEND,
    agree,
    compiled,
    first,
    gradients,
    last,
    resized,
)

CASES = {
    "nearest": ("UpSampling2D", {"size": (2, 3)}),
    "bilinear": ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}),
    "bilinear, 1 and 4": (
        "UpSampling2D",
        {"size": (1, 4), "interpolation": "bilinear"},
    ),
    "bilinear, 5": ("UpSampling2D", {"size": 5, "interpolation": "bilinear"}),
    "bicubic": ("UpSampling2D", {"size": (2, 3), "interpolation": "bicubic"}),
    "padding 2": ("ZeroPadding2D", {"padding": 2}),
    "padding 1 and 3": ("ZeroPadding2D", {"padding": (1, 3)}),
    "padding of four sides": ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}),
}


def layers(case, **more):
    name, arguments = CASES[case]
    return [
        getattr(place, name)(name="it", **arguments, **more)
        for place in (upsampling, keras.layers)
    ]


@pytest.mark.parametrize("size", [(4, 5), (1, 1), (1, 3), (7, 2)])
@pytest.mark.parametrize("case", CASES)
def test_matches_keras_and_its_gradients(rng, case, size):
    ours, theirs = layers(case)
    for batch in (1, 3):
        images = rng.normal(size=(batch, *size, 2)).astype("float32")
        agree(ours(images), theirs(images))
    for shape in ((None, *size, 2), (None, None, 5, 3)):
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)
    upstream = rng.normal(size=theirs(images).shape)
    found, expected = (gradients(layer, images, upstream) for layer in (ours, theirs))
    agree(found[0], expected[0])


@pytest.mark.parametrize("case", CASES)
def test_other_precisions(rng, case):
    images = rng.normal(size=(2, 3, 4, 2))
    exact = layers(case, dtype="float64")[1](images)
    wide = 1e-12 if BACKEND == "torch" else 1e-6  # TensorFlow's goes through float32
    tolerances = {"float64": wide, "mixed_float16": 2e-3, "mixed_bfloat16": 2e-2}
    for policy, tolerance in tolerances.items():
        ours, theirs = (layer(images) for layer in layers(case, dtype=policy))
        assert ours.dtype == theirs.dtype
        agree(ours, exact, tolerance)


@pytest.mark.parametrize("case", [case for case in CASES if case != "bicubic"])
def test_survives_a_file_an_unknown_batch_and_all_sizes(rng, case, tmp_path):
    ours, theirs = layers(case)
    given = keras.Input((None, None, 2))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    for x, y in resized(loaded, rng, 2):
        agree(y, theirs(x))


@pytest.mark.parametrize("case", ["nearest", "bilinear", "padding of four sides"])
def test_under_the_compiler(rng, case):
    ours, theirs = layers(case)
    images = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    agree(compiled(ours, images), theirs(images))


@pytest.mark.parametrize("case", CASES)
def test_keras_understands_our_configuration(case):
    ours, theirs = layers(case)
    assert ours.get_config() == theirs.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.get_config()


@pytest.mark.parametrize(
    "name, wrong",
    [
        ("UpSampling2D", {"size": 0}),
        ("UpSampling2D", {"size": (2,)}),
        ("UpSampling2D", {"size": 2.5}),
        ("UpSampling2D", {"interpolation": "cubism"}),
        ("UpSampling2D", {"data_format": "channels_somewhere"}),
        ("ZeroPadding2D", {"padding": (1,)}),
        ("ZeroPadding2D", {"padding": (1, 2, 3)}),
        ("ZeroPadding2D", {"padding": 1.5}),
        ("ZeroPadding2D", {"padding": ((1, 2), (3, -4))}),
        ("ZeroPadding2D", {"padding": "a"}),
        ("ZeroPadding2D", {"flavour": "sweet"}),
    ],
)
def test_refuses_what_keras_refuses(name, wrong):
    for place in (upsampling, keras.layers):
        with pytest.raises(ValueError):
            getattr(place, name)(**wrong)(np.zeros((1, 3, 4, 1), "float32"))


def test_bicubic_survives_a_file_and_an_unknown_batch(rng, tmp_path):
    """Of unknown sizes, Keras's ops.image.resize makes no graph on TensorFlow."""
    ours, theirs = layers("bicubic")
    given = keras.Input((3, 4, 2))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    x = rng.normal(size=(3, 3, 4, 2)).astype("float32")
    agree(keras.models.load_model(tmp_path / "model.keras").predict(x), theirs(x))


@pytest.mark.parametrize("interpolation", ["lanczos3", "lanczos5"])
def test_lanczos_is_to_be_had_where_keras_has_it(rng, interpolation):
    images = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    ours, theirs = (
        place.UpSampling2D((2, 3), interpolation=interpolation)
        for place in (upsampling, keras.layers)
    )
    assert ours.compute_output_shape(images.shape) == (2, 6, 12, 2)
    if BACKEND == "tensorflow":
        agree(ours(images), theirs(images))
        return
    for layer in (ours, theirs):
        with pytest.raises(ValueError, match="not supported by the PyTorch backend"):
            layer(images)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_images_of_whole_numbers(rng, interpolation):
    """Under `bilinear` Keras gives fractions on TensorFlow and rounds them on PyTorch."""
    images = rng.integers(0, 256, (2, 3, 4, 2))
    ours = upsampling.UpSampling2D((2, 3), interpolation=interpolation)(images)
    theirs = keras.layers.UpSampling2D((2, 3), interpolation=interpolation)
    agree(ours, theirs(images.astype("float32")))
    if interpolation == "nearest":
        assert ours.dtype == theirs(images).dtype


@pytest.mark.parametrize("factor", [2, 3, 4, 7])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_matches_torch(rng, torch, interpolation, factor):
    x = rng.normal(size=(2, 4, 5, 3)).astype("float32")
    corners = {"align_corners": False} if interpolation == "bilinear" else {}
    expected = torch.nn.functional.interpolate(
        first(torch, x), scale_factor=factor, mode=interpolation, **corners
    )
    ours = upsampling.UpSampling2D(factor, interpolation=interpolation)
    agree(ours(x), last(expected))
