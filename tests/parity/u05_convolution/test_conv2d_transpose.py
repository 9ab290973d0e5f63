"""Conv2DTranspose against Keras on the backend in use, and against PyTorch."""

import keras
import numpy as np
import pytest

from solutions.u05_convolution import conv2d_transpose
from tests.parity.u05_convolution.comparing import (
    BACKEND,
    agree,
    compiled,
    first,
    gradients,
    last,
    resized,
)

CASES = {  # height, width and channels, then the arguments
    "plain": ((4, 5, 3), {"kernel_size": (3, 2)}),
    "same": ((4, 5, 3), {"kernel_size": (2, 3), "padding": "same"}),
    "strides": ((3, 4, 2), {"kernel_size": 3, "strides": (2, 3)}),
    "strides and same": (
        (3, 4, 2),
        {"kernel_size": 4, "strides": 2, "padding": "same", "activation": "relu"},
    ),
    "an odd rest": (
        (3, 4, 2),
        {"kernel_size": (5, 6), "strides": (2, 3), "padding": "same"},
    ),
    "stride above the kernel": ((3, 3, 2), {"kernel_size": (1, 2), "strides": 3}),
    "output padding": (
        (4, 3, 2),
        {"kernel_size": 3, "strides": 3, "output_padding": (1, 2)},
    ),
    "output padding and same": (
        (4, 3, 2),
        {"kernel_size": 3, "strides": 2, "output_padding": 1, "padding": "same"},
    ),
    "no bias": ((3, 3, 2), {"kernel_size": 1, "use_bias": False}),
}
DILATED = {  # Keras has no dilation on TensorFlow's processor
    "dilation": ((4, 3, 2), {"kernel_size": (3, 2), "dilation_rate": (2, 3)}),
    "dilation and same": (
        (4, 5, 2),
        {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    ),
}
HELD = {**CASES, **(DILATED if BACKEND == "torch" else {})}


def layers(rng, case, batch=2, dtype="float32"):
    """Our layer and Keras's, with the same random weights, and images for both."""
    size, arguments = HELD[case]
    ours, theirs = (
        kind(4, dtype=dtype, **arguments)
        for kind in (conv2d_transpose.Conv2DTranspose, keras.layers.Conv2DTranspose)
    )
    for layer in (ours, theirs):
        layer.build((None, *size))
    assert [(w.name, w.shape) for w in ours.weights] == [
        (w.name, w.shape) for w in theirs.weights
    ]
    values = [rng.normal(size=weight.shape) for weight in theirs.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    kind = "float64" if dtype == "float64" else "float32"
    return ours, theirs, rng.normal(size=(batch, *size)).astype(kind)


@pytest.mark.parametrize("case", HELD)
def test_matches_keras_and_its_gradients(rng, case):
    ours, theirs, images = layers(rng, case, batch=3)
    assert ours.count_params() == theirs.count_params()
    shape = (None, *images.shape[1:])
    assert ours.compute_output_shape(shape) == tuple(theirs.compute_output_shape(shape))
    agree(ours(images), theirs(images))
    agree(ours(images[:1]), theirs(images[:1]))
    upstream = rng.normal(size=theirs(images).shape)
    found, expected = (gradients(layer, images, upstream) for layer in (ours, theirs))
    for ours_, theirs_ in zip(found, expected, strict=True):
        agree(ours_, theirs_)


@pytest.mark.parametrize("case", HELD)
def test_float64_and_mixed_precision(rng, case):
    ours, theirs, images = layers(rng, case, dtype="float64")
    assert keras.backend.standardize_dtype(ours(images).dtype) == "float64"
    agree(ours(images), theirs(images), 1e-10)
    for half, tolerance in (("float16", 1e-2), ("bfloat16", 5e-2)):
        mixed = type(ours)(4, dtype=f"mixed_{half}", **HELD[case][1])
        mixed.build(images.shape)
        mixed.set_weights(ours.get_weights())
        y = mixed(images.astype("float32"))
        assert keras.backend.standardize_dtype(y.dtype) == half
        agree(y, theirs(images), tolerance)


def sizes_that_keras_serves():
    for window in (1, 2, 3, 4):
        for stride in (1, 2, 3):
            for behind in (None, *range(stride)):
                for padding in ("valid", "same"):
                    odd = window % 2 or behind != 0 or padding == "valid"
                    if odd or BACKEND == "torch":  # TensorFlow refuses the others
                        yield window, stride, padding, behind


def test_every_small_size_matches_keras(rng):
    x = rng.normal(size=(1, 3, 4, 1)).astype("float32")
    for arguments in sizes_that_keras_serves():
        ours, theirs = (
            kind(1, *arguments, use_bias=False)
            for kind in (conv2d_transpose.Conv2DTranspose, keras.layers.Conv2DTranspose)
        )
        theirs.build(x.shape)
        ours.build(x.shape)
        ours.set_weights(theirs.get_weights())
        agree(ours(x), theirs(x))


@pytest.mark.parametrize("case", ["strides and same", "output padding"])
def test_survives_a_file_an_unknown_batch_and_all_sizes(rng, case, tmp_path):
    ours, theirs, _ = layers(rng, case)
    given = keras.Input((None, None, 2))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    for x, y in resized(loaded, rng, 2):
        agree(y, theirs(x))


def test_under_the_compiler(rng):
    ours, theirs, images = layers(rng, "output padding and same")
    agree(compiled(ours, images), theirs(images))


@pytest.mark.parametrize("case", HELD)
def test_keras_understands_our_configuration(rng, case):
    ours, theirs, _ = layers(rng, case)
    config = {**ours.get_config(), "name": theirs.name, "activity_regularizer": None}
    assert config == theirs.get_config()
    assert type(theirs).from_config(config).get_config() == config
    copy = type(ours).from_config(config).get_config()
    assert {**copy, "activity_regularizer": None} == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": 0},
        {"kernel_size": 0},
        {"strides": 0},
        {"padding": "causal"},
        {"strides": 2, "output_padding": 2},
        {"strides": (2, 3), "output_padding": (0, 3)},
        {"strides": 2, "dilation_rate": 2},
        {"groups": 2},
    ],
)
def test_refuses_what_keras_refuses(wrong):
    for kind in (conv2d_transpose.Conv2DTranspose, keras.layers.Conv2DTranspose):
        with pytest.raises(ValueError):
            kind(**{"filters": 4, "kernel_size": 3, **wrong})


@pytest.mark.parametrize(
    "stride, behind, dilation",
    [(1, 0, (1, 1)), (2, 1, (1, 1)), (3, 2, (1, 1)), (1, 0, (2, 3))],
)
def test_matches_torch(rng, torch, stride, behind, dilation):
    x = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    ours = conv2d_transpose.Conv2DTranspose(
        3, (3, 2), stride, "valid", behind, dilation_rate=dilation
    )
    ours.build(x.shape)
    kernel, bias = (rng.normal(size=w.shape).astype("float32") for w in ours.weights)
    ours.set_weights([kernel, bias])
    expected = torch.nn.functional.conv_transpose2d(
        first(torch, x),
        torch.tensor(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))),
        torch.tensor(bias),
        stride,
        output_padding=behind,
        dilation=dilation,
    )
    agree(ours(x), last(expected))
