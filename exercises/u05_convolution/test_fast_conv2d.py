"""Public checks of the fast convolutions, against windows in NumPy."""

import numpy as np
import pytest

from course.shapes import same_padding

KINDS = {  # name and further arguments
    "im2col": ("im2col_conv2d", {}),
    "F(2×2, 3×3)": ("winograd_conv2d", {"tile": 2}),
    "F(4×4, 3×3)": ("winograd_conv2d", {"tile": 4}),
    "Fourier": ("fft_conv2d", {}),
}


def example(rng, shape=(2, 6, 10, 2), kernel_size=(3, 3), filters=3):
    x, kernel = (
        rng.normal(size=shape),
        rng.normal(size=(*kernel_size, shape[3], filters)),
    )
    return x.astype("float32"), kernel.astype("float32")


def convolved(x, kernel, strides=(1, 1), padding="valid"):
    """The oracle: each axis of the sum has its letter."""
    if padding == "same":
        sides = map(same_padding, x.shape[1:3], kernel.shape[:2], strides)
        x = np.pad(x, ((0, 0), *sides, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    windows = windows[:, :: strides[0], :: strides[1]].astype("float64")
    return np.einsum("bijcpq,pqcf->bijf", windows, kernel)


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_each_window_times_the_filter(student, rng, close, kind, padding):
    name, arguments = KINDS[kind]
    x, kernel = example(rng)
    y = getattr(student, name)(x, kernel, padding=padding, **arguments)
    close(y, convolved(x, kernel, padding=padding), "y")


@pytest.mark.parametrize("size", [(7, 9), (5, 4), (3, 8)])
@pytest.mark.parametrize("kind", ["F(2×2, 3×3)", "F(4×4, 3×3)"])
def test_the_last_tiles_may_be_cut(student, rng, close, kind, size):
    name, arguments = KINDS[kind]
    x, kernel = example(rng, (2, *size, 2))
    close(getattr(student, name)(x, kernel, **arguments), convolved(x, kernel), "y")


@pytest.mark.points(2)
@pytest.mark.parametrize("name", ["im2col_conv2d", "fft_conv2d"])
def test_the_kernel_may_be_oblong_and_even(student, rng, close, name):
    x, kernel = example(rng, (2, 6, 7, 3), (4, 3))
    for padding in ("valid", "same"):
        y = getattr(student, name)(x, kernel, padding=padding)
        close(y, convolved(x, kernel, padding=padding), f"y, {padding}")


@pytest.mark.points(2)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_im2col_takes_strides(student, rng, close, padding):
    x, kernel = example(rng, (2, 8, 9, 2), (3, 2))
    y = student.im2col_conv2d(x, kernel, (2, 3), padding)
    close(y, convolved(x, kernel, (2, 3), padding), "y")


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_pixel_and_weight(student, rng, close, kind):
    name, arguments = KINDS[kind]
    x, kernel = example(rng, (2, 5, 6, 2))
    upstream = rng.normal(size=(2, 3, 4, 3)).astype("float32")
    (of_x, of_kernel), _ = student.gradients(
        getattr(student, name), x, kernel, upstream=upstream, **arguments
    )
    dx, dkernel = np.zeros(x.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(3, 4):  # each place gives back to its window and the kernel
        place, window = upstream[:, i, j], np.s_[:, i : i + 3, j : j + 3]
        dx[window] += np.einsum("bf,pqcf->bpqc", place, kernel)
        dkernel += np.einsum("bf,bpqc->pqcf", place, x[window])
    close(of_x, dx, "the image's gradient", category="wrong_gradient")
    close(of_kernel, dkernel, "the kernel's gradient", category="wrong_gradient")
