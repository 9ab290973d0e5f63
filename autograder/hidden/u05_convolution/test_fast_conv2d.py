"""Hidden checks of the fast convolutions: odd sizes, precision, refusals, Keras."""

import keras
import numpy as np
import pytest

KINDS = {
    "im2col": ("im2col_conv2d", {}),
    "F(2×2, 3×3)": ("winograd_conv2d", {"tile": 2}),
    "F(4×4, 3×3)": ("winograd_conv2d", {"tile": 4}),
    "Fourier": ("fft_conv2d", {}),
}


def by_loops(x, kernel):
    """Valid convolution, stride 1, one place after the other, in float64."""
    x, kernel = x.astype("float64"), kernel.astype("float64")
    kh, kw, _, filters = kernel.shape
    height, width = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    y = np.zeros((len(x), height, width, filters))
    for i, j in np.ndindex(height, width):
        y[:, i, j] = np.tensordot(x[:, i : i + kh, j : j + kw], kernel, axes=3)
    return y


def called(student, kind, x, kernel, **more):
    name, arguments = KINDS[kind]
    return getattr(student, name)(x, kernel, **arguments, **more)


def example(rng, shape, kernel_size=(3, 3), filters=2, dtype="float32"):
    x = rng.normal(size=shape).astype(dtype)
    return x, rng.normal(size=(*kernel_size, shape[-1], filters)).astype(dtype)


@pytest.mark.parametrize("size", [(3, 3), (4, 11), (12, 6)])
@pytest.mark.parametrize("kind", KINDS)
def test_awkward_sizes(student, rng, close, kind, size):
    x, kernel = example(rng, (1, *size, 5), filters=1)
    close(called(student, kind, x, kernel), by_loops(x, kernel), "y")


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", KINDS)
def test_matches_keras_with_same_padding(student, rng, close, kind):
    x, kernel = example(rng, (2, 7, 5, 3), filters=4)
    oracle = keras.layers.Conv2D(4, 3, padding="same", use_bias=False)
    oracle.build(x.shape)
    oracle.set_weights([kernel])
    close(called(student, kind, x, kernel, padding="same"), oracle(x), "y")


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_computed_in_float64(student, rng, close, kind):
    x, kernel = example(rng, (2, 6, 7, 3), dtype="float64")
    y = called(student, kind, x, kernel)
    close(y, by_loops(x, kernel), "y", tolerance=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_is_precise_with_many_channels(student, rng, close, kind):
    x, kernel = example(rng, (1, 6, 6, 128))
    close(called(student, kind, x, kernel), by_loops(x, kernel), "y", tolerance=3e-5)


@pytest.mark.parametrize("name", ["im2col_conv2d", "fft_conv2d"])
def test_a_kernel_as_large_as_the_image(student, rng, close, name):
    x, kernel = example(rng, (2, 5, 4, 2), (5, 4))
    close(getattr(student, name)(x, kernel), by_loops(x, kernel), "y")
    small = kernel[:1, :1]
    close(getattr(student, name)(x, small), by_loops(x, small), "y, a kernel of one")


def test_a_stride_above_the_kernel(student, rng, close):
    x, kernel = example(rng, (2, 9, 8, 2), (2, 1))
    y = student.im2col_conv2d(x, kernel, strides=3)
    close(y, by_loops(x, kernel)[:, ::3, ::3], "y")


def test_winograd_refuses_other_kernels_and_tiles(student, rng, close, raises):
    x, kernel = example(rng, (1, 6, 6, 2))
    close(student.winograd_conv2d(x, kernel), by_loops(x, kernel), "y")
    raises(ValueError, student.winograd_conv2d, x, kernel[:2])
    raises(ValueError, student.winograd_conv2d, x, kernel, "valid", 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_that_does_not_fit_is_refused(student, rng, close, raises, kind):
    x, kernel = example(rng, (1, 4, 5, 2))
    close(called(student, kind, x, kernel), by_loops(x, kernel), "y")
    name, arguments = KINDS[kind]
    raises(ValueError, getattr(student, name), x[:, :2], kernel, **arguments)
    raises(ValueError, getattr(student, name), x[..., :1], kernel, **arguments)
