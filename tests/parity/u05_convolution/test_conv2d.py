"""Conv2D against Keras on the backend in use, and against PyTorch."""

import keras
import numpy as np
import pytest

from solutions.u05_convolution import conv2d
from tests.parity.u05_convolution.comparing import (
    agree,
    compiled,
    first,
    gradients,
    last,
    resized,
)

CONVOLUTIONS = {  # height, width and channels, then the arguments
    "plain": ((6, 7, 3), {"kernel_size": (3, 2)}),
    "same": ((6, 7, 3), {"kernel_size": (2, 3), "padding": "same"}),
    "strides": ((9, 8, 2), {"kernel_size": 3, "strides": (2, 3)}),
    "strides and same": (
        (9, 8, 2),
        {"kernel_size": 3, "strides": 2, "padding": "same"},
    ),
    "stride above the kernel": (
        (8, 7, 2),
        {"kernel_size": (1, 2), "strides": 3, "padding": "same"},
    ),
    "dilation": ((9, 10, 2), {"kernel_size": (3, 2), "dilation_rate": (2, 3)}),
    "dilation and same": (
        (5, 6, 2),
        {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    ),
    "groups": ((5, 6, 4), {"kernel_size": 3, "groups": 2, "activation": "relu"}),
    "a group a channel": (
        (7, 6, 2),
        {"kernel_size": 3, "groups": 2, "strides": 2, "padding": "same"},
    ),
    "no bias": ((5, 5, 2), {"kernel_size": 1, "use_bias": False}),
}


def convolutions(rng, case, batch=2, dtype="float32"):
    """Our layer and Keras's, with the same random weights, and images for both."""
    size, arguments = CONVOLUTIONS[case]
    images = rng.normal(size=(batch, *size)).astype("float64")
    ours = conv2d.Conv2D(4, dtype=dtype, **arguments)
    theirs = keras.layers.Conv2D(4, dtype=dtype, **arguments)
    for layer in (ours, theirs):
        layer.build((None, *size))
    values = [rng.normal(size=weight.shape) for weight in theirs.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs, images.astype("float64" if dtype == "float64" else "float32")


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_matches_keras(rng, case, batch):
    ours, theirs, images = convolutions(rng, case, batch)
    assert ours.count_params() == theirs.count_params()
    assert ours.compute_output_shape((None, *images.shape[1:])) == (
        theirs.compute_output_shape((None, *images.shape[1:]))
    )
    agree(ours(images), theirs(images))


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_has_the_gradients_of_keras(rng, case):
    ours, theirs, images = convolutions(rng, case)
    upstream = rng.normal(size=theirs(images).shape)
    for found, expected in zip(
        gradients(ours, images, upstream),
        gradients(theirs, images, upstream),
        strict=True,
    ):
        agree(found, expected)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_computes_float64_in_float64(rng, case):
    ours, theirs, images = convolutions(rng, case, dtype="float64")
    assert keras.backend.standardize_dtype(ours(images).dtype) == "float64"
    agree(ours(images), theirs(images), 1e-10)


@pytest.mark.parametrize("policy, tolerance", [("float16", 1e-2), ("bfloat16", 5e-2)])
def test_convolution_in_mixed_precision(rng, policy, tolerance):
    ours, _, images = convolutions(rng, "strides and same", dtype=f"mixed_{policy}")
    _, exact, _ = convolutions(np.random.default_rng(5), "strides and same")
    assert keras.backend.standardize_dtype(ours(images).dtype) == policy
    assert keras.backend.standardize_dtype(ours.kernel.dtype) == "float32"
    agree(ours(images), exact(images), tolerance)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_survives_a_file_and_an_unknown_batch(rng, case, tmp_path):
    ours, theirs, images = convolutions(rng, case, batch=3)
    given = keras.Input(images.shape[1:])
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    agree(model.predict(images, verbose=0), theirs(images))
    agree(model.predict(images[:1], verbose=0), theirs(images[:1]))


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_keras_understands_our_configuration_of_convolution(rng, case):
    ours, theirs, _ = convolutions(rng, case)
    config = {**ours.get_config(), "name": theirs.name, "activity_regularizer": None}
    assert config == theirs.get_config()
    assert keras.layers.Conv2D.from_config(config).get_config() == config
    copy = conv2d.Conv2D.from_config(config).get_config()
    assert {**copy, "activity_regularizer": None} == config


@pytest.mark.parametrize("case", ["plain", "strides and same", "dilation and same"])
def test_convolution_takes_images_of_all_sizes_in_one_graph(rng, case):
    ours, theirs, images = convolutions(rng, case)
    for x, y in resized(ours, rng, images.shape[-1]):
        agree(y, theirs(x))


def test_a_kernel_larger_than_the_image_is_refused_with_the_sizes():
    with pytest.raises(ValueError, match="5 pixels does not fit into 4"):
        conv2d.Conv2D(2, 5)(np.zeros((1, 4, 6, 1), "float32"))


@pytest.mark.parametrize("case", ["strides and same", "dilation", "groups"])
def test_convolution_under_the_compiler(rng, case):
    ours, theirs, images = convolutions(rng, case)
    agree(compiled(ours, images), theirs(images))


UNPADDED = [c for c in CONVOLUTIONS if "padding" not in CONVOLUTIONS[c][1]]


@pytest.mark.parametrize("case", UNPADDED)
def test_convolution_matches_torch(rng, torch, case):
    ours, _, images = convolutions(rng, case)
    weights = [torch.tensor(w) for w in ours.get_weights()]
    expected = torch.nn.functional.conv2d(
        first(torch, images),
        weights[0].permute(3, 2, 0, 1),
        weights[1] if ours.use_bias else None,
        ours.strides,
        dilation=ours.dilation_rate,
        groups=ours.groups,
    )
    if ours.activation is keras.activations.relu:
        expected = expected.relu()
    agree(ours(images), last(expected))
