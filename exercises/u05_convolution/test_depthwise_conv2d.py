"""Public checks of depthwise and separable convolution, against Keras and windows."""

import keras
import numpy as np
import pytest
from keras import ops

from course.shapes import same_padding

ARGUMENTS = {"DepthwiseConv2D": (), "SeparableConv2D": (5,)}  # what comes first


def both(student, rng, name, shape, *args, **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input."""
    images = rng.normal(size=shape).astype("float32")
    oracle = getattr(keras.layers, name)(*ARGUMENTS[name], *args, **kwargs)
    oracle.build(shape)
    values = [rng.normal(size=w.shape).astype("float32") for w in oracle.weights]
    layer = getattr(student, name)(*ARGUMENTS[name], *args, **kwargs)
    layer.build(shape)
    for one in (oracle, layer):
        one.set_weights(values)
    return layer, oracle, images


def channels_first(images):
    """(B, H, W, C) → (B, C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(ops.convert_to_numpy(images), -1, 1))


def windows_of(x, kernel_size, strides, padding="valid"):
    """The windows at every place: (B, H', W', C, kh, kw)."""
    if padding == "same":
        sides = map(same_padding, x.shape[1:3], kernel_size, strides)
        x = np.pad(x, ((0, 0), *sides, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel_size, axis=(1, 2))
    return windows[:, :: strides[0], :: strides[1]]


def filtered(x, kernel, strides=(1, 1), padding="valid"):
    """The oracle: each channel of the windows under that channel's filters."""
    windows = windows_of(x, kernel.shape[:2], strides, padding)
    z = np.einsum("bijcpq,pqcm->bijcm", windows, kernel)
    return z.reshape(*z.shape[:3], -1)


@pytest.mark.points(2)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_weights_have_the_shapes_and_order_of_keras(student, equal, name):
    layer = getattr(student, name)(*ARGUMENTS[name], (3, 2), depth_multiplier=4)
    layer.build((None, 9, 11, 3))
    expected = {
        "DepthwiseConv2D": [(3, 2, 3, 4), (12,)],
        "SeparableConv2D": [(3, 2, 3, 4), (1, 1, 12, 5), (5,)],
    }
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, expected[name], "the list of weight shapes")


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_matches_keras_for_each_padding(student, rng, close, name, padding):
    layer, oracle, images = both(
        student, rng, name, (2, 7, 8, 3), (3, 2), padding=padding, depth_multiplier=2
    )
    close(layer(images), oracle(images))


@pytest.mark.points(2)
def test_strides_and_padding_may_differ_by_axis(student, rng, close):
    x = rng.normal(size=(2, 9, 8, 2)).astype("float32")
    kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    layer = student.DepthwiseConv2D(
        3, (2, 3), "same", depth_multiplier=3, use_bias=False
    )
    layer.build(x.shape)
    layer.set_weights([kernel])
    close(layer(x), filtered(x, kernel, (2, 3), "same"))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_matches_keras_with_dilation(student, rng, close, name):
    layer, oracle, images = both(
        student, rng, name, (2, 8, 7, 3), (3, 2), dilation_rate=(2, 3)
    )
    close(layer(images), oracle(images))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_channels_may_come_first(student, rng, close, name):
    arguments = (*ARGUMENTS[name], (3, 2), 2, "same")
    _, oracle, images = both(student, rng, name, (2, 7, 6, 3), (3, 2), 2, "same")
    layer = getattr(student, name)(*arguments, data_format="channels_first")
    layer.build((None, 3, 7, 6))
    layer.set_weights(oracle.get_weights())
    close(layer(channels_first(images)), channels_first(oracle(images)))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_applies_the_activation_at_the_end_only(student, rng, close, name):
    layer, oracle, images = both(student, rng, name, (2, 5, 6, 3), 2, activation="tanh")
    close(layer(images), oracle(images))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_has_no_bias_when_told_so(student, rng, close, equal, name):
    layer, oracle, images = both(student, rng, name, (2, 5, 6, 3), 2, use_bias=False)
    number = len(oracle.get_weights())
    equal(len(layer.get_weights()), number, "the number of weights")
    close(layer(images), oracle(images))


@pytest.mark.points(2)
def test_gradients_reach_every_pixel_and_weight(student, rng, close):
    layer, oracle, images = both(
        student, rng, "DepthwiseConv2D", (2, 5, 6, 2), (3, 2), depth_multiplier=2
    )
    upstream = rng.normal(size=(2, 3, 5, 2, 2)).astype("float32")
    found, (kernel_found, bias_found) = student.gradients(
        layer, images, upstream=upstream.reshape(2, 3, 5, 4)
    )
    kernel = keras.ops.convert_to_numpy(oracle.kernel)
    of_images, of_kernel = np.zeros(images.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(3, 5):  # each place gives back to its window and the kernel
        place, window = upstream[:, i, j], np.s_[:, i : i + 3, j : j + 2]
        of_images[window] += np.einsum("bcm,pqcm->bpqc", place, kernel)
        of_kernel += np.einsum("bcm,bpqc->pqcm", place, images[window])
    wrong = {"category": "wrong_gradient"}
    close(found[0], of_images, "the input's gradient", **wrong)
    close(kernel_found, of_kernel, "the kernel's gradient", **wrong)
    close(bias_found, upstream.sum((0, 1, 2)).ravel(), "the bias's gradient", **wrong)


def test_survives_a_save_and_load(student, rng, close):
    layer, oracle, images = both(
        student, rng, "SeparableConv2D", (2, 6, 5, 2), 3, 2, "same"
    )
    loaded = student.saved_and_loaded(layer, images)
    close(loaded(images), oracle(images), "the loaded layer's output")
