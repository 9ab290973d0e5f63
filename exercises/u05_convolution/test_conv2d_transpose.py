"""Public checks of Conv2DTranspose: against Keras, and stamps in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops


def both(student, rng, shape, *args, **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input."""
    images = rng.normal(size=shape).astype("float32")
    oracle = keras.layers.Conv2DTranspose(*args, **kwargs)
    oracle.build(shape)
    values = [rng.normal(size=w.shape).astype("float32") for w in oracle.weights]
    layer = student.Conv2DTranspose(*args, **kwargs)
    layer.build(shape)
    for one in (oracle, layer):
        one.set_weights(values)
    return layer, oracle, images


def channels_first(images):
    """(B, H, W, C) → (B, C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(ops.convert_to_numpy(images), -1, 1))


def stamped(x, kernel, strides=(1, 1), dilation=(1, 1)):
    """The oracle: one stamp after the other, nothing cut off."""
    (batch, height, width, _), (kh, kw, filters, _) = x.shape, kernel.shape
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, (kh, kw), strict=True)]
    tall = (height - 1) * strides[0] + reach[0]
    wide = (width - 1) * strides[1] + reach[1]
    z = np.zeros((batch, tall, wide, filters))
    for i, j in np.ndindex(height, width):
        stamp = np.einsum("bc,pqfc->bpqf", x[:, i, j], kernel)
        top, left = i * strides[0], j * strides[1]
        rows = slice(top, top + reach[0], dilation[0])
        z[:, rows, left : left + reach[1] : dilation[1]] += stamp
    return z


@pytest.mark.points(2)
def test_weights_have_the_shapes_and_order_of_keras(student, equal):
    layer = student.Conv2DTranspose(4, (3, 2))
    layer.build((None, 5, 6, 3))
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, [(3, 2, 4, 3), (4,)], "the list of weight shapes")


@pytest.mark.points(2)
def test_each_pixel_stamps_the_kernel(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 3, 4, 3), 2, (3, 2), use_bias=False)
    kernel = keras.ops.convert_to_numpy(oracle.kernel)
    close(layer(images), stamped(images, kernel))


@pytest.mark.points(2)
@pytest.mark.parametrize("strides", [(2, 1), (2, 3)], ids=["2 and 1", "2 and 3"])
def test_stamps_lie_a_stride_apart(student, rng, close, strides):
    layer, oracle, images = both(student, rng, (2, 4, 3, 2), 3, (3, 2), strides)
    close(layer(images), oracle(images))


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "kernel, strides",
    [((3, 2), 1), ((4, 2), 2), ((2, 5), (1, 2))],
    ids=["stride 1", "kernel 4 and 2 at stride 2", "kernel 2 and 5 at strides 1 and 2"],
)
def test_same_padding_cuts_off_what_is_too_much(student, rng, close, kernel, strides):
    layer, oracle, images = both(
        student, rng, (2, 4, 3, 2), 3, kernel, strides, padding="same"
    )
    close(layer(images), oracle(images))


def test_a_stride_above_the_kernel_leaves_gaps(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 3, 4, 2), 3, (2, 1), 3)
    close(layer(images), oracle(images))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_output_padding_adds_places_behind(student, rng, close, padding):
    layer, oracle, images = both(
        student, rng, (2, 4, 3, 2), 3, 3, 3, padding=padding, output_padding=(1, 2)
    )
    close(layer(images), oracle(images))


def test_dilation_pulls_the_stamp_apart(student, rng, close):
    images = rng.normal(size=(2, 4, 3, 2)).astype("float32")
    kernel = rng.normal(size=(3, 2, 3, 2)).astype("float32")
    layer = student.Conv2DTranspose(3, (3, 2), dilation_rate=(2, 3), use_bias=False)
    layer.build(images.shape)
    layer.set_weights([kernel])
    close(layer(images), stamped(images, kernel, dilation=(2, 3)))


def test_channels_may_come_first(student, rng, close):
    _, oracle, images = both(student, rng, (2, 4, 3, 2), 3, (3, 4), 2, "same")
    layer = student.Conv2DTranspose(3, (3, 4), 2, "same", data_format="channels_first")
    layer.build((None, 2, 4, 3))
    layer.set_weights(oracle.get_weights())
    close(layer(channels_first(images)), channels_first(oracle(images)))


def test_applies_the_activation_after_the_bias(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 3, 4, 2), 3, 2, activation="tanh")
    close(layer(images), oracle(images))


def test_has_no_bias_when_told_so(student, rng, close, equal):
    layer, oracle, images = both(student, rng, (2, 3, 4, 2), 3, 2, 2, use_bias=False)
    equal(len(layer.get_weights()), 1, "the number of weights")
    close(layer(images), oracle(images))


@pytest.mark.points(2)
def test_gradients_reach_every_pixel_and_weight(student, rng, close):
    layer, oracle, images = both(student, rng, (2, 3, 4, 2), 3, (3, 2), 2)
    kernel = keras.ops.convert_to_numpy(oracle.kernel)
    upstream = rng.normal(size=(2, 7, 8, 3)).astype("float32")
    found, (kernel_found, bias_found) = student.gradients(
        layer, images, upstream=upstream
    )
    of_images, of_kernel = np.zeros(images.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(3, 4):  # each pixel hears from all places of its stamp
        window = upstream[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 2]
        of_images[:, i, j] = np.einsum("bpqf,pqfc->bc", window, kernel)
        of_kernel += np.einsum("bpqf,bc->pqfc", window, images[:, i, j])
    wrong = {"category": "wrong_gradient"}
    close(found[0], of_images, "the input's gradient", **wrong)
    close(kernel_found, of_kernel, "the kernel's gradient", **wrong)
    close(bias_found, upstream.sum((0, 1, 2)), "the bias's gradient", **wrong)


def test_survives_a_save_and_load(student, rng, close):
    layer, oracle, images = both(
        student, rng, (2, 3, 4, 2), 3, 3, 2, padding="same", output_padding=1
    )
    loaded = student.saved_and_loaded(layer, images)
    close(loaded(images), oracle(images), "the loaded layer's output")
