"""Hidden checks of Conv2D: awkward sizes, graphs, precisions, bookkeeping."""

import keras
import numpy as np
import pytest
from keras import ops


def both(student, rng, shape, *args, dtype="float32", **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input."""
    images = rng.normal(size=shape).astype(dtype)
    oracle = keras.layers.Conv2D(*args, dtype=dtype, **kwargs)
    oracle.build(shape)
    values = [rng.normal(size=w.shape).astype(dtype) for w in oracle.weights]
    oracle.set_weights(values)
    layer = student.Conv2D(*args, dtype=dtype, **kwargs)
    layer.build(shape)
    layer.set_weights(values)
    return layer, oracle, images


def group_by_group(oracle, images):
    """Each run of channels by Keras alone, which on TensorFlow compiles `groups` anew."""
    kernel, bias = oracle.get_weights()
    runs = zip(
        np.split(images, oracle.groups, axis=-1),
        np.split(kernel, oracle.groups, axis=-1),
        strict=True,
    )
    found = [ops.conv(x, k, oracle.strides, oracle.padding) for x, k in runs]
    return ops.convert_to_numpy(ops.concatenate(found, axis=-1)) + bias


def weights_of(layer, equal):
    """Kernel and bias, once there are two weights."""
    weights = layer.get_weights()
    equal(len(weights), 2, "the number of weights")
    return weights


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "size, kernel, strides",
    [((7, 8), 2, 2), ((8, 5), (5, 1), (3, 1)), ((3, 3), 4, 1)],
    ids=["even kernel", "tall kernel", "kernel larger than the image"],
)
def test_same_padding_puts_the_odd_rest_behind(
    student, rng, close, size, kernel, strides
):
    shape = (3, *size, 2)
    layer, oracle, images = both(
        student, rng, shape, 3, kernel, strides, padding="same"
    )
    close(layer(images), oracle(images))


def test_a_batch_of_one_and_a_kernel_of_one(student, rng, close):
    layer, oracle, images = both(student, rng, (1, 5, 4, 3), 2, 1)
    close(layer(images), oracle(images))


def test_a_second_call_is_as_right_as_the_first(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 6, 5, 3), 4, 3)
    close(layer(images), oracle(images), "the first answer")
    others = rng.normal(size=(3, 7, 4, 3)).astype("float32")
    close(layer(others), oracle(others), "the answer to other images")


@pytest.mark.points(2)
def test_groups_with_strides_and_same_padding(student, rng, close):
    shape = (2, 7, 9, 6)
    layer, oracle, images = both(
        student, rng, shape, 9, (3, 2), (2, 1), padding="same", groups=3
    )
    close(layer(images), group_by_group(oracle, images))


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    shape = (3, 8, 9, 2)
    layer, oracle, images = both(student, rng, shape, 4, 3, 2, padding="same")
    close(student.predicted(layer, images), oracle(images))


def test_float64_is_computed_in_float64(student, rng, close, equal):
    shape = (2, 6, 7, 3)
    layer, _, images = both(student, rng, shape, 4, 3, dtype="float64")
    kernel, bias = (np.asarray(w) for w in weights_of(layer, equal))
    expected = by_loops(images, kernel, bias)
    close(layer(images), expected)


def by_loops(images, kernel, bias):
    """Valid convolution, stride 1, in NumPy loops and float64."""
    kh, kw, _, filters = kernel.shape
    batch, height, width, _ = images.shape
    y = np.zeros((batch, height - kh + 1, width - kw + 1, filters))
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            window = images[:, i : i + kh, j : j + kw]
            y[:, i, j] = np.tensordot(window, kernel, axes=3) + bias
    return y


def test_promises_the_shape_it_delivers(student, equal):
    layer = student.Conv2D(4, (3, 2), strides=(2, 1), padding="same")
    layer.build((None, 9, 11, 3))
    equal(len(layer.get_weights()), 2, "the number of weights")
    promised = student.symbolic_shape(layer, (None, 9, 11, 3))
    equal(promised, (None, 5, 11, 4), "the promised shape")


def test_uses_the_initializers_it_is_given(student, equal, close):
    layer = student.Conv2D(
        3, 2, kernel_initializer="ones", bias_initializer="ones", trainable=False
    )
    layer.build((None, 4, 4, 2))
    kernel, bias = weights_of(layer, equal)
    close(kernel, np.ones((2, 2, 2, 3), "float32"), "the kernel at the start")
    close(bias, np.ones(3, "float32"), "the bias at the start")
    equal(len(layer.trainable_weights), 0, "the number of trainable weights")


def test_regularizes_the_kernel(student, rng, close, equal):
    layer, _, _ = both(student, rng, (1, 4, 4, 2), 3, 2, kernel_regularizer="l2")
    kernel, _ = weights_of(layer, equal)
    equal(len(layer.losses), 1, "the number of penalties")
    close(layer.losses[0], 0.01 * np.sum(kernel**2), "the kernel's penalty")
