"""The fast convolutions against float64, Keras, the course's Conv2D and PyTorch."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u05_convolution import conv2d, fast_conv2d
from tests.parity.u05_convolution.comparing import BACKEND, agree, first, last

KINDS = {
    "im2col": (fast_conv2d.im2col_conv2d, {}, 3e-6),
    "F(2×2, 3×3)": (fast_conv2d.winograd_conv2d, {"tile": 2}, 3e-6),
    "F(4×4, 3×3)": (fast_conv2d.winograd_conv2d, {"tile": 4}, 3e-5),
    "Fourier": (fast_conv2d.fft_conv2d, {}, 3e-6),
}
SIZES = [(3, 3), (4, 5), (9, 8), (14, 7)]


def called(kind, x, kernel, **more):
    function, arguments, _ = KINDS[kind]
    x, kernel = (ops.convert_to_tensor(a, dtype=a.dtype.name) for a in (x, kernel))
    return function(x, kernel, **arguments, **more)


def example(rng, size, channels=3, filters=4, batch=2, kernel=(3, 3)):
    x = rng.normal(size=(batch, *size, channels))
    return x, rng.normal(size=(*kernel, channels, filters))


def exact(x, kernel):
    """Valid convolution at stride 1 in float64, a sum over the kernel's cells."""
    x, kernel = x.astype("float64"), kernel.astype("float64")
    height, width = (
        n - k + 1 for n, k in zip(x.shape[1:3], kernel.shape[:2], strict=True)
    )
    return sum(
        x[:, p : p + height, q : q + width] @ kernel[p, q]
        for p, q in np.ndindex(kernel.shape[:2])
    )


@pytest.mark.parametrize("channels", [1, 64, 512])
@pytest.mark.parametrize("kind", KINDS)
def test_stays_within_the_tolerance_it_states(rng, kind, channels):
    x, kernel = example(rng, (14, 13), channels, filters=8)
    x, kernel = x.astype("float32"), kernel.astype("float32")
    agree(called(kind, x, kernel), exact(x, kernel), KINDS[kind][2])


@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_computed_in_float64(rng, kind):
    x, kernel = example(rng, (9, 10))
    y = called(kind, x, kernel)
    assert keras.backend.standardize_dtype(y.dtype) == "float64"
    agree(y, exact(x, kernel), 1e-13)


@pytest.mark.parametrize("half, tolerance", [("float16", 1e-3), ("bfloat16", 8e-3)])
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_rounded_at_the_end_alone(rng, kind, half, tolerance):
    x, kernel = (ops.cast(a, half) for a in example(rng, (9, 10), channels=64))
    function, arguments, _ = KINDS[kind]
    y = function(x, kernel, **arguments)
    assert keras.backend.standardize_dtype(y.dtype) == half
    wide = [ops.convert_to_numpy(ops.cast(a, "float64")) for a in (x, kernel)]
    agree(y, exact(*wide), tolerance)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_matches_the_clear_layer_keras_and_the_gradients(rng, kind, size, padding):
    x, kernel = (a.astype("float32") for a in example(rng, size, batch=1))
    results = []
    for layer in (conv2d.Conv2D, keras.layers.Conv2D):
        layer = layer(4, 3, padding=padding, use_bias=False)
        layer.build(x.shape)
        layer.set_weights([kernel])
        agree(called(kind, x, kernel, padding=padding), layer(x))
        results.append(lambda x, k, layer=layer: layer.stateless_call([k], [], x)[0])
    function, arguments, _ = KINDS[kind]
    results.append(lambda x, k: function(x, k, padding=padding, **arguments))
    found = []
    for result in results:
        watched = [autodiff.watch(x), autodiff.watch(kernel)]
        found.append(
            autodiff.gradients(
                lambda w=watched, r=result: ops.sum(ops.square(r(*w))), watched
            )
        )
    for gradient, clear, theirs in zip(found[2], *found[:2], strict=True):
        agree(gradient, clear)
        agree(gradient, theirs)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, (3, 1), (2, 4)])
@pytest.mark.parametrize("window", [(1, 1), (2, 3), (5, 4)])
def test_im2col_matches_keras_with_strides(rng, window, strides, padding):
    x, kernel = (a.astype("float32") for a in example(rng, (9, 8), kernel=window))
    theirs = ops.conv(x, kernel, strides, padding)
    agree(called("im2col", x, kernel, strides=strides, padding=padding), theirs)


@pytest.mark.parametrize("window", [(1, 1), (2, 5), (8, 7), (9, 10)])
def test_fourier_takes_kernels_of_all_sizes(rng, torch, window):
    x, kernel = (a.astype("float32") for a in example(rng, (9, 10), kernel=window))
    weight = torch.tensor(kernel).permute(3, 2, 0, 1)
    expected = torch.nn.functional.conv2d(first(torch, x), weight)
    agree(called("Fourier", x, kernel), last(expected), 3e-6)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="graphs are TensorFlow's")
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_graph_with_unknown_sizes_and_under_xla(rng, kind, padding):
    import tensorflow as tf

    function, arguments, _ = KINDS[kind]
    x, kernel = (a.astype("float32") for a in example(rng, (7, 10)))
    theirs = ops.conv(x, kernel, 1, padding)

    def call(x):
        return function(x, ops.convert_to_tensor(kernel), padding=padding, **arguments)

    unknown = tf.TensorSpec((None, None, None, 3), "float32")
    agree(tf.function(call, input_signature=[unknown])(x), theirs)
    agree(tf.function(call, jit_compile=True)(x), theirs)
