"""Depthwise and separable convolution against Keras on the backend in use, and PyTorch."""

import keras
import numpy as np
import pytest

from solutions.u05_convolution import depthwise_conv2d
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
    "plain": ((6, 7, 3), {"kernel_size": (3, 2)}),
    "same": ((6, 7, 3), {"kernel_size": (2, 3), "padding": "same"}),
    "two filters a channel": ((5, 6, 2), {"kernel_size": 3, "depth_multiplier": 2}),
    "strides and same": (
        (9, 8, 2),
        {"kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
    ),
    "dilation": ((9, 10, 2), {"kernel_size": (3, 2), "dilation_rate": (2, 3)}),
    "strides and dilation": (
        (9, 8, 2),
        {"kernel_size": 3, "strides": 2, "dilation_rate": 2, "padding": "same"},
    ),
    "no bias": ((5, 5, 2), {"kernel_size": 1, "use_bias": False}),
}
FIRST = {"DepthwiseConv2D": (), "SeparableConv2D": (4,)}
ALL = [(name, case) for name in FIRST for case in CASES]


def layers(rng, name, case, batch=2, dtype="float32"):
    """Our layer and Keras's, with the same random weights, and images for both."""
    size, arguments = CASES[case]
    ours, theirs = (
        getattr(place, name)(*FIRST[name], dtype=dtype, **arguments)
        for place in (depthwise_conv2d, keras.layers)
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


@pytest.mark.parametrize("name, case", ALL)
def test_matches_keras_and_its_gradients(rng, name, case):
    ours, theirs, images = layers(rng, name, case, batch=3)
    assert ours.count_params() == theirs.count_params()
    shape = (None, *images.shape[1:])
    assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)
    agree(ours(images), theirs(images))
    agree(ours(images[:1]), theirs(images[:1]))
    upstream = rng.normal(size=theirs(images).shape)
    found, expected = (gradients(layer, images, upstream) for layer in (ours, theirs))
    for ours_, theirs_ in zip(found, expected, strict=True):
        agree(ours_, theirs_)


@pytest.mark.parametrize("name, case", ALL)
def test_float64_and_mixed_precision(rng, name, case):
    ours, theirs, images = layers(rng, name, case, dtype="float64")
    assert keras.backend.standardize_dtype(ours(images).dtype) == "float64"
    agree(ours(images), theirs(images), 1e-10)
    for half, tolerance in (("float16", 1e-2), ("bfloat16", 5e-2)):
        mixed = type(ours)(*FIRST[name], dtype=f"mixed_{half}", **CASES[case][1])
        mixed.build(images.shape)
        mixed.set_weights(ours.get_weights())
        y = mixed(images.astype("float32"))
        assert keras.backend.standardize_dtype(y.dtype) == half
        agree(y, theirs(images), tolerance)


@pytest.mark.parametrize("name", FIRST)
def test_survives_a_file_an_unknown_batch_and_all_sizes(rng, name, tmp_path):
    ours, theirs, _ = layers(rng, name, "strides and same")
    given = keras.Input((None, None, 2))
    keras.Model(given, ours(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    for x, y in resized(loaded, rng, 2):
        agree(y, theirs(x))


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("case", ["two filters a channel", "strides and dilation"])
def test_under_the_compiler(rng, name, case):
    ours, theirs, images = layers(rng, name, case)
    agree(compiled(ours, images), theirs(images))


@pytest.mark.parametrize("name, case", ALL)
def test_keras_understands_our_configuration(rng, name, case):
    ours, theirs, _ = layers(rng, name, case)
    config = {**ours.get_config(), "name": theirs.name, "activity_regularizer": None}
    assert config == theirs.get_config()
    assert type(theirs).from_config(config).get_config() == config
    copy = type(ours).from_config(config).get_config()
    assert {**copy, "activity_regularizer": None} == config


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel_size": 0},
        {"kernel_size": 3, "strides": 0},
        {"kernel_size": 3, "depth_multiplier": 0},
        {"kernel_size": 3, "padding": "causal"},
        {"kernel_size": 3, "flavour": "sweet"},
        {"kernel_size": 7},
    ],
)
def test_refuses_what_keras_refuses(name, wrong):
    for place in (depthwise_conv2d, keras.layers):
        with pytest.raises(ValueError):
            layer = getattr(place, name)(*FIRST[name], **wrong)
            layer.build((None, 5, 6, 3))


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
@pytest.mark.parametrize("multiplier", [1, 3])
def test_matches_torch_with_strides_that_differ(rng, torch, strides, multiplier):
    x = rng.normal(size=(2, 9, 8, 4)).astype("float32")
    kernel = rng.normal(size=(3, 2, 4, multiplier)).astype("float32")
    ours = depthwise_conv2d.DepthwiseConv2D(
        (3, 2), strides, depth_multiplier=multiplier, use_bias=False
    )
    ours.build(x.shape)
    ours.set_weights([kernel])
    weight = kernel.transpose(2, 3, 0, 1).reshape(4 * multiplier, 1, 3, 2)
    expected = torch.nn.functional.conv2d(
        first(torch, x), torch.tensor(weight), stride=strides, groups=4
    )
    agree(ours(x), last(expected))


def test_strides_that_differ_work_where_keras_has_none(rng):
    """Keras's layers refuse them on TensorFlow at the call; ours follow the formula."""
    x = rng.normal(size=(2, 9, 8, 2)).astype("float32")
    theirs = keras.layers.DepthwiseConv2D(3, (2, 3))
    if BACKEND == "tensorflow":
        with pytest.raises(Exception, match="equal length strides"):
            theirs(x)
    ours = depthwise_conv2d.DepthwiseConv2D(3, (2, 3))
    dense = depthwise_conv2d.DepthwiseConv2D(3)
    for layer in (ours, dense):
        layer.build(x.shape)
    dense.set_weights(ours.get_weights())
    agree(ours(x), np.asarray(keras.ops.convert_to_numpy(dense(x)))[:, ::2, ::3])
