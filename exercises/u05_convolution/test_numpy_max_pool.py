"""Public checks of max pooling in NumPy, against windows and their sorted pixels."""

import numpy as np
import pytest

CASES = {  # pool_size, stride, padding
    "windows edge to edge": ((2, 2), 2, 0),
    "oblong windows that overlap": ((3, 2), 1, 0),
    "stride 2": ((2, 3), 2, 0),
    "padding": ((3, 2), 2, 1),
}


def distinct(rng, *shape, dtype="float64"):
    """Values around zero, no two of them equal: every maximum is one pixel."""
    values = np.linspace(-1, 1, int(np.prod(shape)) + 1)[:-1]
    return rng.permutation(values).reshape(shape).astype(dtype)


def windows_of(x, pool_size, stride, padding):
    """Each window's pixels in reading order: (B, H', W', C, ph·pw)."""
    sides = (padding, padding)
    x = np.pad(x, ((0, 0), sides, sides, (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, pool_size, axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    return windows.reshape(*windows.shape[:4], -1)


def pooled(x, pool_size, stride, padding):
    return np.sort(windows_of(x, pool_size, stride, padding))[..., -1]


def gradient_of(dy, x, pool_size, stride, padding):
    """The oracle: which pixel each window's winner is, by numbers on the pixels."""
    windows = windows_of(x, pool_size, stride, padding)
    numbers = np.broadcast_to(
        np.arange(float(x[0, :, :, 0].size)).reshape(1, *x.shape[1:3], 1), x.shape
    )
    places = windows_of(numbers, pool_size, stride, padding)
    first = np.argsort(-windows, axis=-1, kind="stable")[..., :1]
    winners = np.take_along_axis(places, first, -1)[..., 0].astype(int)
    dx = np.zeros(x.shape)
    for b, i, j, c in np.ndindex(dy.shape):
        row, column = divmod(winners[b, i, j, c], x.shape[2])
        dx[b, row, column, c] += dy[b, i, j, c]
    return dx


@pytest.mark.points(2)
@pytest.mark.parametrize("case", CASES)
def test_keeps_the_largest_of_each_window(student, rng, close, case):
    x = distinct(rng, 2, 7, 6, 3)
    y = student.max_pool_forward(x, *CASES[case])
    close(y, pooled(x, *CASES[case]), "y")


def test_padding_never_wins(student, rng, close):
    x = distinct(rng, 2, 5, 4, 2) - 1e10  # far below zero
    y = student.max_pool_forward(x, (3, 3), 2, 1)
    close(y, pooled(x, (3, 3), 2, 1), "y")


@pytest.mark.points(2)
@pytest.mark.parametrize("case", CASES)
def test_the_gradient_goes_to_the_winner(student, rng, close, case):
    x = distinct(rng, 2, 7, 6, 3)
    dy = rng.normal(size=pooled(x, *CASES[case]).shape)
    dx = student.max_pool_backward(dy, x, *CASES[case])
    expected = gradient_of(dy, x, *CASES[case])
    close(dx, expected, "dx", category="wrong_gradient")


@pytest.mark.points(2)
def test_of_equal_pixels_the_first_has_won(student, rng, close):
    x = rng.integers(-2, 1, size=(2, 6, 5, 2)).astype("float64")
    dy = rng.normal(size=(2, 4, 4, 2))
    dx = student.max_pool_backward(dy, x, (3, 2))
    close(dx, gradient_of(dy, x, (3, 2), 1, 0), "dx", category="wrong_gradient")


def test_float32_images_give_float32_results(student, rng, close):
    x = distinct(rng, 2, 5, 6, 2, dtype="float32")
    dy = rng.normal(size=(2, 3, 5, 2)).astype("float32")
    close(student.max_pool_forward(x, (3, 2)), pooled(x, (3, 2), 1, 0), "y")
    dx = student.max_pool_backward(dy, x, (3, 2))
    expected = gradient_of(dy, x, (3, 2), 1, 0).astype("float32")
    close(dx, expected, "dx", category="wrong_gradient")


def test_leaves_the_images_as_they_were(student, rng, close):
    x = distinct(rng, 2, 5, 4, 2)
    dy = rng.normal(size=(2, 4, 3, 2))
    expected = gradient_of(dy, x, (2, 2), 1, 0)
    close(student.max_pool_backward(dy, x, (2, 2)), expected, "dx")
    after = student.arguments_after(student.max_pool_backward, dy, x, (2, 2))
    close(after[0], dy, "dy after the call", category="wrong_state")
    close(after[1], x, "x after the call", category="wrong_state")
