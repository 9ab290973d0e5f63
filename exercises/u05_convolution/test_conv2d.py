"""Public checks of Conv2D. The oracle is Keras's own layer on the backend in use."""

import keras
import numpy as np
import pytest
from keras import ops


def both(student, rng, shape, *args, **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input."""
    images = rng.normal(size=shape).astype("float32")
    oracle = keras.layers.Conv2D(*args, **kwargs)
    oracle.build(shape)
    values = [rng.normal(size=w.shape).astype("float32") for w in oracle.weights]
    oracle.set_weights(values)
    layer = student.Conv2D(*args, **kwargs)
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


def channels_first(images):
    """(B, H, W, C) → (B, C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(ops.convert_to_numpy(images), -1, 1))


@pytest.mark.points(2)
def test_weights_have_the_shapes_and_order_of_keras(student, equal):
    layer = student.Conv2D(4, (3, 2))
    layer.build((None, 9, 11, 3))
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, [(3, 2, 3, 4), (4,)], "the list of weight shapes")


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_matches_keras_for_each_padding(student, rng, close, padding):
    layer, oracle, images = both(
        student, rng, (2, 9, 11, 3), 4, (3, 2), padding=padding
    )
    close(layer(images), oracle(images))


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_matches_keras_with_strides(student, rng, close, padding):
    shape = (2, 10, 7, 2)
    layer, oracle, images = both(student, rng, shape, 3, 3, (2, 3), padding=padding)
    close(layer(images), oracle(images))


def test_matches_keras_with_dilation(student, rng, close):
    shape = (2, 9, 12, 2)
    layer, oracle, images = both(student, rng, shape, 3, (3, 2), dilation_rate=(2, 3))
    close(layer(images), oracle(images))


@pytest.mark.points(2)
def test_matches_keras_with_groups(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 6, 5, 4), 6, (2, 3), groups=2)
    close(layer(images), group_by_group(oracle, images))


def test_channels_may_come_first(student, rng, close):
    _, oracle, images = both(student, rng, (2, 9, 7, 3), 4, (3, 2), 2, "same")
    layer = student.Conv2D(4, (3, 2), 2, "same", data_format="channels_first")
    layer.build((None, 3, 9, 7))
    layer.set_weights(oracle.get_weights())
    close(layer(channels_first(images)), channels_first(oracle(images)))


def test_applies_the_activation_after_the_bias(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 6, 7, 2), 3, 3, activation="tanh")
    close(layer(images), oracle(images))


def test_has_no_bias_when_told_so(student, rng, close, equal):
    layer = student.Conv2D(3, 3, use_bias=False)
    layer.build((2, 6, 7, 2))
    equal(len(layer.get_weights()), 1, "the number of weights")
    layer, oracle, images = both(student, rng, (2, 6, 7, 2), 3, 3, use_bias=False)
    close(layer(images), oracle(images))


@pytest.mark.points(2)
def test_gradients_reach_every_pixel_and_weight(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 5, 6, 2), 3, (3, 2))
    upstream = rng.normal(size=(2, 3, 5, 3)).astype("float32")
    found, (kernel_found, bias_found) = student.gradients(
        layer, images, upstream=upstream
    )
    kernel = keras.ops.convert_to_numpy(oracle.kernel)
    of_images, of_kernel = np.zeros(images.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(3, 5):  # each place gives back to its window and the kernel
        place, window = upstream[:, i, j], np.s_[:, i : i + 3, j : j + 2]
        of_images[window] += np.einsum("bf,pqcf->bpqc", place, kernel)
        of_kernel += np.einsum("bf,bpqc->pqcf", place, images[window])
    of_bias = upstream.sum(axis=(0, 1, 2))
    wrong = {"category": "wrong_gradient"}
    close(found[0], of_images, "the input's gradient", **wrong)
    close(kernel_found, of_kernel, "the kernel's gradient", **wrong)
    close(bias_found, of_bias, "the bias's gradient", **wrong)


def test_survives_a_save_and_load(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 8, 7, 3), 4, 3, 2, padding="same")
    loaded = student.saved_and_loaded(layer, images)
    close(loaded(images), oracle(images), "the loaded layer's output")
