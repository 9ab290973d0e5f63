"""Hidden checks of convolution in NumPy: sizes that seldom occur."""

import numpy as np
import pytest

FORWARD = ["conv2d_forward", "conv2d_forward_im2col"]
BACKWARD = ["conv2d_backward", "conv2d_backward_im2col"]
SIZES = {  # images, kernel, stride, padding
    "a kernel as large as the image": ((2, 4, 3, 2), (4, 3), 1, 0),
    "a kernel of one pixel": ((1, 4, 3, 3), (1, 1), 1, 0),
    "windows that leave gaps": ((1, 8, 7, 2), (2, 1), 3, 0),
    "rows left over at the end": ((3, 6, 8, 1), (3, 3), 2, 0),
    "windows on padding alone": ((2, 2, 3, 2), (1, 2), 1, 2),
}


def by_loops(x, kernel, bias, stride, padding):
    """Convolution of float64 images, one window at a time."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    kh, kw, _, filters = kernel.shape
    height, width = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.zeros((len(x), height, width, filters))
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            window = x[:, top : top + kh, left : left + kw]
            y[:, i, j] = np.tensordot(window, kernel, axes=3) + bias
    return y


def slope(function, array):
    """∂ function / ∂ array by finite differences, exact for a linear function."""
    gradient, here = np.empty(array.shape), function(array)
    for cell in np.ndindex(array.shape):
        step = np.zeros(array.shape)
        step[cell] = 1
        gradient[cell] = function(array + step) - here
    return gradient


def example(rng, shape, kernel_size, filters=3):
    x, kernel = (
        rng.normal(size=shape),
        rng.normal(size=(*kernel_size, shape[3], filters)),
    )
    return x, kernel, rng.normal(size=filters)


def gradients(student, equal, name, *args):
    """What the student's backward pass returns, once it is known to be three things."""
    found = getattr(student, name)(*args)
    number = len(found) if isinstance(found, (tuple, list)) else found
    equal(number, 3, "the number of gradients")
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FORWARD)
def test_awkward_sizes_forward(student, rng, close, name, size):
    shape, kernel_size, stride, padding = SIZES[size]
    x, kernel, bias = example(rng, shape, kernel_size)
    y = getattr(student, name)(x, kernel, bias, stride, padding)
    close(y, by_loops(x, kernel, bias, stride, padding), "y")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BACKWARD)
def test_awkward_sizes_backward(student, rng, close, equal, name, size):
    shape, kernel_size, stride, padding = SIZES[size]
    x, kernel, bias = example(rng, shape, kernel_size)
    dy = rng.normal(size=by_loops(x, kernel, bias, stride, padding).shape)
    dx, dkernel, dbias = gradients(student, equal, name, dy, x, kernel, stride, padding)

    def loss(x, kernel, bias):
        return np.sum(dy * by_loops(x, kernel, bias, stride, padding))

    wrong = {"category": "wrong_gradient"}
    close(dx, slope(lambda x: loss(x, kernel, bias), x), "dx", **wrong)
    close(dkernel, slope(lambda k: loss(x, k, bias), kernel), "dkernel", **wrong)
    close(dbias, slope(lambda b: loss(x, kernel, b), bias), "dbias", **wrong)


@pytest.mark.parametrize("name", BACKWARD)
def test_float32_images_give_float32_gradients(student, rng, close, equal, name):
    x, kernel, bias = example(rng, (2, 5, 6, 2), (3, 2))
    dy = rng.normal(size=by_loops(x, kernel, bias, 1, 0).shape)
    small = (array.astype("float32") for array in (dy, x, kernel))
    found = gradients(student, equal, name, *small, 1, 0)
    expected = (
        slope(lambda x: np.sum(dy * by_loops(x, kernel, bias, 1, 0)), x),
        slope(lambda kernel: np.sum(dy * by_loops(x, kernel, bias, 1, 0)), kernel),
        dy.sum((0, 1, 2)),
    )
    for what, gradient, wide in zip(
        ("dx", "dkernel", "dbias"), found, expected, strict=True
    ):
        close(gradient, wide.astype("float32"), what, category="wrong_gradient")


def test_im2col_keeps_images_and_precision_apart(student, rng, close):
    x = rng.normal(size=(3, 5, 4, 2)).astype("float32")
    rows = [
        x[b, i : i + 2, j : j + 3].reshape(-1)
        for b in range(3)
        for i in range(4)
        for j in range(2)
    ]
    close(student.im2col(x, (2, 3)), np.stack(rows), "the matrix")
