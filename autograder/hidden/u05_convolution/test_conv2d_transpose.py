"""Hidden checks of Conv2DTranspose: odd sizes, graphs, precisions, bookkeeping."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff

SIZES = {  # height and width, then the arguments
    "one pixel": ((1, 1), {"kernel_size": (3, 2), "strides": 2}),
    "one pixel, cut": (
        (1, 1),
        {"kernel_size": 5, "strides": (2, 3), "padding": "same"},
    ),
    "an odd rest": ((3, 4), {"kernel_size": 4, "strides": (1, 3), "padding": "same"}),
    "a kernel of one": ((3, 2), {"kernel_size": 1, "strides": (3, 2)}),
    "a stamp smaller than its room": (
        (2, 3),
        {"kernel_size": (1, 2), "strides": 3, "padding": "same"},
    ),
    "a stamp larger than the image": (
        (2, 3),
        {"kernel_size": (5, 4), "padding": "same"},
    ),
    "padding behind, none before": (
        (3, 3),
        {"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 0},
    ),
    "one row more than the stamps reach": (
        (3, 2),
        {"kernel_size": (1, 2), "strides": 3, "output_padding": (2, 1)},
    ),
}


def made(student, rng, equal, shape, *args, dtype="float32", **kwargs):
    """The student's layer with random weights, the weights, and images."""
    layer = student.Conv2DTranspose(*args, dtype=dtype, **kwargs)
    layer.build((None, *shape[1:]))
    weights = layer.get_weights()
    equal(len(weights), 2, "the number of weights")
    values = [rng.normal(size=np.shape(weight)).astype(dtype) for weight in weights]
    layer.set_weights(values)
    return layer, values, rng.normal(size=shape).astype(dtype)


def oracle_of(values, shape, *args, **kwargs):
    oracle = keras.layers.Conv2DTranspose(*args, **kwargs)
    oracle.build(shape)
    oracle.set_weights(values)
    return oracle


@pytest.mark.parametrize("size", SIZES)
def test_awkward_sizes(student, rng, close, equal, size):
    image, arguments = SIZES[size]
    layer, values, x = made(student, rng, equal, (1, *image, 2), 3, **arguments)
    close(layer(x), oracle_of(values, x.shape, 3, **arguments)(x))


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_is_the_way_back_of_a_convolution(student, rng, close, equal, padding):
    layer, (kernel, bias), x = made(
        student, rng, equal, (2, 4, 3, 3), 2, (3, 2), (2, 3), padding
    )
    forward = keras.layers.Conv2D(3, (3, 2), (2, 3), padding, use_bias=False)
    size = {"valid": (9, 9), "same": (8, 9)}[padding]
    image = autodiff.watch(np.zeros((2, *size, 2), "float32"))
    forward.build(image.shape)
    forward.set_weights([kernel])  # its filters are our channels
    (back,) = autodiff.gradients(
        lambda: ops.sum(ops.multiply(forward(image), x)), [image]
    )
    close(layer(x), keras.ops.convert_to_numpy(back) + bias)


@pytest.mark.points(2)
def test_dilation_with_same_padding(student, rng, close, equal):
    layer, (kernel, bias), x = made(
        student, rng, equal, (2, 5, 4, 2), 3, (2, 3), padding="same", dilation_rate=2
    )
    expected = np.zeros(
        (2, 7, 8, 3)
    )  # 5 and 4 places remain: cut 1 before 1, 2 before 2
    for i, j, p, q in np.ndindex(5, 4, 2, 3):
        expected[:, i + 2 * p, j + 2 * q] += x[:, i, j] @ kernel[p, q].T
    close(layer(x), expected[:, 1:6, 2:6] + bias)


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, equal, padding):
    layer, values, x = made(student, rng, equal, (3, 4, 3, 2), 4, 3, 2, padding)
    expected = oracle_of(values, x.shape, 4, 3, 2, padding)(x)
    close(student.predicted(layer, x), expected)


def test_float64_is_computed_in_float64(student, rng, close, equal):
    layer, (kernel, bias), x = made(
        student, rng, equal, (2, 3, 4, 3), 2, (2, 3), dtype="float64"
    )
    expected = np.zeros((2, 4, 6, 2))
    for i, j, p, q in np.ndindex(3, 4, 2, 3):
        expected[:, i + p, j + q] += x[:, i, j] @ kernel[p, q].T
    close(layer(x), expected + bias)


def test_promises_the_shape_it_delivers(student, rng, equal):
    layer, _, _ = made(student, rng, equal, (1, 5, 6, 3), 4, (3, 2), (2, 3), "same")
    promised = student.symbolic_shape(layer, (None, 5, None, 3))
    equal(promised, (None, 10, None, 4), "the promised shape")


def test_uses_the_initializers_and_regularizers_it_is_given(student, equal, close):
    layer = student.Conv2DTranspose(
        3,
        2,
        kernel_initializer="ones",
        bias_initializer="ones",
        kernel_regularizer="l2",
    )
    layer.build((None, 4, 4, 2))
    weights = layer.get_weights()
    equal(len(weights), 2, "the number of weights")
    close(weights[0], np.ones((2, 2, 3, 2), "float32"), "the kernel at the start")
    close(weights[1], np.ones(3, "float32"), "the bias at the start")
    equal(len(layer.losses), 1, "the number of penalties")
    close(layer.losses[0], np.float32(0.01 * 24), "the kernel's penalty")
