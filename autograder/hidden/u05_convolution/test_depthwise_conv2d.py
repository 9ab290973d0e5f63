"""Hidden checks of depthwise and separable convolution: odd sizes, graphs, precision."""

import keras
import numpy as np
import pytest

ARGUMENTS = {"DepthwiseConv2D": (), "SeparableConv2D": (4,)}
SIZES = {  # height and width, kernel, strides, dilation, padding
    "an even kernel": ((7, 8), (2, 2), (2, 2), (1, 1), "same"),
    "a kernel larger than the image": ((2, 3), (4, 4), (1, 1), (1, 1), "same"),
    "strides and dilation at once": ((9, 10), (3, 2), (2, 3), (2, 1), "valid"),
    "strides and dilation, padded": ((6, 5), (2, 3), (2, 2), (3, 2), "same"),
    "a kernel of one pixel": ((4, 3), (1, 1), (3, 1), (1, 1), "same"),
}


def by_loops(x, kernel, strides=(1, 1), dilation=(1, 1), padding="valid"):
    """Each channel by itself, one place after the other, in float64."""
    (kh, kw, channels, multiplier), (batch, *sizes, _) = kernel.shape, x.shape
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, (kh, kw), strict=True)]
    if padding == "same":
        lacking = [
            max((n - 1) // s * s + e - n, 0)
            for n, s, e in zip(sizes, strides, extent, strict=True)
        ]
        sides = [(n // 2, n - n // 2) for n in lacking]
        x = np.pad(x.astype("float64"), ((0, 0), *sides, (0, 0)))
    height, width = (
        (n - e) // s + 1 for n, e, s in zip(x.shape[1:3], extent, strides, strict=True)
    )
    z = np.zeros((batch, height, width, channels, multiplier))
    for i, j, p, q in np.ndindex(height, width, kh, kw):
        row = i * strides[0] + p * dilation[0]
        column = j * strides[1] + q * dilation[1]
        z[:, i, j] += x[:, row, column, :, None] * kernel[p, q]
    return z.reshape(batch, height, width, -1)


def made(student, rng, equal, name, shape, *args, dtype="float32", **kwargs):
    """The student's layer with random weights, the weights, and images."""
    layer = getattr(student, name)(*ARGUMENTS[name], *args, dtype=dtype, **kwargs)
    layer.build((None, *shape[1:]))
    weights = layer.get_weights()
    equal(len(weights), len(ARGUMENTS[name]) + 2, "the number of weights")
    values = [rng.normal(size=np.shape(weight)).astype(dtype) for weight in weights]
    layer.set_weights(values)
    return layer, values, rng.normal(size=shape).astype(dtype)


def expected_of(values, x, *args):
    """What the layer with these weights gives for x, by loops."""
    z = by_loops(x, values[0], *args)
    return (z @ values[1][0, 0] if len(values) == 3 else z) + values[-1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_awkward_sizes(student, rng, close, equal, name, size):
    image, kernel, strides, dilation, padding = SIZES[size]
    layer, values, x = made(
        student,
        rng,
        equal,
        name,
        (1, *image, 3),
        kernel,
        strides,
        padding,
        dilation_rate=dilation,
        depth_multiplier=2,
    )
    close(layer(x), expected_of(values, x, strides, dilation, padding))


@pytest.mark.points(2)
def test_is_a_convolution_with_a_group_for_each_channel(student, rng, close, equal):
    layer, (kernel, bias), x = made(
        student, rng, equal, "DepthwiseConv2D", (2, 6, 7, 3), 3, depth_multiplier=2
    )
    oracle = keras.layers.Conv2D(6, 3, groups=3)
    oracle.build(x.shape)
    oracle.set_weights([kernel.reshape(3, 3, 1, 6), bias])
    close(layer(x), oracle(x))


@pytest.mark.points(2)
def test_is_a_convolution_with_the_two_kernels_multiplied(student, rng, close, equal):
    layer, (deep, point, bias), x = made(
        student, rng, equal, "SeparableConv2D", (2, 6, 7, 3), 3, depth_multiplier=2
    )
    oracle = keras.layers.Conv2D(4, 3)
    oracle.build(x.shape)
    point = point.reshape(3, 2, 4)
    oracle.set_weights([np.einsum("pqcm,cmf->pqcf", deep, point), bias])
    close(layer(x), oracle(x))


@pytest.mark.points(2)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, equal, name):
    layer, values, x = made(student, rng, equal, name, (3, 7, 6, 2), 3, 2, "same")
    close(student.predicted(layer, x), expected_of(values, x, (2, 2), (1, 1), "same"))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_float64_is_computed_in_float64(student, rng, close, equal, name):
    layer, values, x = made(
        student, rng, equal, name, (2, 5, 6, 3), (2, 3), dtype="float64"
    )
    close(layer(x), expected_of(values, x))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_promises_the_shape_it_delivers(student, rng, equal, name):
    layer, _, _ = made(
        student, rng, equal, name, (1, 9, 11, 3), 3, (2, 1), "same", depth_multiplier=2
    )
    promised = student.symbolic_shape(layer, (None, None, 11, 3))
    channels = {"DepthwiseConv2D": 6, "SeparableConv2D": 4}[name]
    equal(promised, (None, None, 11, channels), "the promised shape")


def test_each_weight_has_its_own_settings(student, close, equal):
    layer = student.SeparableConv2D(
        3,
        2,
        depthwise_initializer="ones",
        pointwise_initializer="zeros",
        bias_initializer="ones",
        depthwise_regularizer="l2",
    )
    layer.build((None, 4, 4, 2))
    weights = layer.get_weights()
    equal(len(weights), 3, "the number of weights")
    close(weights[0], np.ones((2, 2, 2, 1), "float32"), "the depthwise kernel")
    close(weights[1], np.zeros((1, 1, 2, 3), "float32"), "the pointwise kernel")
    close(weights[2], np.ones(3, "float32"), "the bias")
    equal(len(layer.losses), 1, "the number of penalties")
    close(layer.losses[0], np.float32(0.01 * 8), "the depthwise kernel's penalty")
