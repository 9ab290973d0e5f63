"""Public checks of convolution in NumPy: against windows, and finite differences."""

import numpy as np
import pytest

FORWARD = ["conv2d_forward", "conv2d_forward_im2col"]
BACKWARD = ["conv2d_backward", "conv2d_backward_im2col"]
STEPS = [(1, 0), (1, 2), (3, 1)]
STEP_NAMES = ["plain", "padding 2", "stride 3 and padding 1"]


def windows_of(x, kernel_size, stride, padding):
    """The oracle's windows: (B, H', W', C, kh, kw)."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel_size, axis=(1, 2))
    return windows[:, ::stride, ::stride]


def convolved(x, kernel, bias, stride, padding):
    """The oracle: each axis of the sum has its letter."""
    windows = windows_of(x, kernel.shape[:2], stride, padding)
    return np.einsum("bijcpq,pqcf->bijf", windows, kernel) + bias


def slope(function, array):
    """∂ function / ∂ array, by finite differences in float64, cell by cell.

    Convolution is linear in each of its arguments, so a step of 1 has no error.
    """
    gradient, here = np.empty(array.shape), function(array)
    for cell in np.ndindex(array.shape):
        step = np.zeros(array.shape)
        step[cell] = 1
        gradient[cell] = function(array + step) - here
    return gradient


def example(rng, shape=(2, 6, 8, 2), kernel_size=(3, 2), filters=3):
    x, kernel = (
        rng.normal(size=shape),
        rng.normal(size=(*kernel_size, shape[3], filters)),
    )
    return x, kernel, rng.normal(size=filters)


def gradients(student, equal, name, dy, x, kernel, stride, padding):
    """What the student's backward pass returns, once it is known to be three things."""
    found = getattr(student, name)(dy, x, kernel, stride, padding)
    number = len(found) if isinstance(found, (tuple, list)) else found
    equal(number, 3, "the number of gradients")
    return found


@pytest.mark.parametrize("stride, padding", STEPS, ids=STEP_NAMES)
@pytest.mark.parametrize("name", FORWARD)
def test_sums_each_window_times_the_filter(student, rng, close, name, stride, padding):
    x, kernel, bias = example(rng)
    y = getattr(student, name)(x, kernel, bias, stride, padding)
    close(y, convolved(x, kernel, bias, stride, padding), "y")


@pytest.mark.points(2)
@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1)], ids=["plain", "stride 2"])
def test_im2col_lays_each_window_out_as_a_row(student, rng, close, stride, padding):
    x, _, _ = example(rng)
    windows = windows_of(x, (3, 2), stride, padding)
    rows = np.moveaxis(windows, 3, 5).reshape(-1, 3 * 2 * 2)
    close(student.im2col(x, (3, 2), stride, padding), rows, "the matrix")


@pytest.mark.points(2)
@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1)], ids=["plain", "stride 2"])
@pytest.mark.parametrize("name", BACKWARD)
def test_the_gradient_of_x_is_the_slope_of_the_loss(
    student, rng, close, equal, name, stride, padding
):
    x, kernel, bias = example(rng, (2, 5, 7, 2))
    dy = rng.normal(size=convolved(x, kernel, bias, stride, padding).shape)
    dx, _, _ = gradients(student, equal, name, dy, x, kernel, stride, padding)
    expected = slope(
        lambda x: np.sum(dy * convolved(x, kernel, bias, stride, padding)), x
    )
    close(dx, expected, "dx", category="wrong_gradient")


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1)], ids=["plain", "stride 2"])
@pytest.mark.parametrize("name", BACKWARD)
def test_the_gradient_of_the_kernel_is_the_slope_of_the_loss(
    student, rng, close, equal, name, stride, padding
):
    x, kernel, bias = example(rng, (2, 5, 7, 2))
    dy = rng.normal(size=convolved(x, kernel, bias, stride, padding).shape)
    _, dkernel, _ = gradients(student, equal, name, dy, x, kernel, stride, padding)
    expected = slope(
        lambda kernel: np.sum(dy * convolved(x, kernel, bias, stride, padding)), kernel
    )
    close(dkernel, expected, "dkernel", category="wrong_gradient")


@pytest.mark.parametrize("name", BACKWARD)
def test_the_gradient_of_the_bias_is_the_slope_of_the_loss(
    student, rng, close, equal, name
):
    x, kernel, bias = example(rng, (2, 5, 7, 2))
    dy = rng.normal(size=convolved(x, kernel, bias, 2, 1).shape)
    _, _, dbias = gradients(student, equal, name, dy, x, kernel, 2, 1)
    expected = slope(lambda b: np.sum(dy * convolved(x, kernel, b, 2, 1)), bias)
    close(dbias, expected, "dbias", category="wrong_gradient")


@pytest.mark.parametrize("name", FORWARD)
def test_float32_images_give_float32_results(student, rng, close, name):
    x, kernel, bias = (array.astype("float32") for array in example(rng))
    y = getattr(student, name)(x, kernel, bias, 1, 1)
    close(y, convolved(x, kernel, bias, 1, 1), "y")
