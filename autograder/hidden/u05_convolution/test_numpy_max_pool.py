"""Hidden checks of max pooling in NumPy: sizes and values that seldom occur."""

import numpy as np
import pytest

SIZES = {  # images, pool_size, stride, padding
    "a window as large as the image": ((2, 4, 3, 2), (4, 3), 1, 0),
    "a window of one pixel": ((1, 4, 3, 3), (1, 1), 1, 0),
    "windows that leave gaps": ((1, 8, 7, 2), (2, 1), 3, 0),
    "rows left over at the end": ((3, 6, 8, 1), (3, 3), 2, 0),
    "windows half on padding": ((2, 3, 5, 2), (2, 4), 1, 1),
    "one row": ((1, 1, 6, 2), (1, 3), 2, 0),
}


def by_loops(dy, x, pool_size, stride, padding):
    """y and dx, one window and one pixel after the other."""
    (batch, height, width, channels), (ph, pw) = x.shape, pool_size
    down = range(-padding, height + padding - ph + 1, stride)
    across = range(-padding, width + padding - pw + 1, stride)
    y, dx = np.empty((batch, len(down), len(across), channels)), np.zeros(x.shape)
    for b, i, j, c in np.ndindex(y.shape):
        best, winner = -np.inf, None
        for row in range(max(down[i], 0), min(down[i] + ph, height)):
            for column in range(max(across[j], 0), min(across[j] + pw, width)):
                if x[b, row, column, c] > best:
                    best, winner = x[b, row, column, c], (b, row, column, c)
        y[b, i, j, c] = best
        if dy is not None:
            dx[winner] += dy[b, i, j, c]
    return y, dx


@pytest.mark.parametrize("size", SIZES)
def test_awkward_sizes(student, rng, close, size):
    shape, *arguments = SIZES[size]
    x = rng.normal(size=shape)
    y, _ = by_loops(None, x, *arguments)
    close(student.max_pool_forward(x, *arguments), y, "y")
    dy = rng.normal(size=y.shape)
    _, dx = by_loops(dy, x, *arguments)
    found = student.max_pool_backward(dy, x, *arguments)
    close(found, dx, "dx", category="wrong_gradient")


@pytest.mark.points(2)
def test_an_image_of_one_colour_gives_to_the_first_pixels(student, rng, close):
    x = np.full((2, 5, 4, 2), -3.0)
    y, _ = by_loops(None, x, (3, 2), 2, 1)
    dy = rng.normal(size=y.shape)
    _, dx = by_loops(dy, x, (3, 2), 2, 1)
    found = student.max_pool_backward(dy, x, (3, 2), 2, 1)
    close(found, dx, "dx", category="wrong_gradient")


@pytest.mark.points(2)
def test_a_winner_of_several_windows_gets_the_sum(student, rng, close):
    x = rng.uniform(-1, 0, size=(2, 5, 5, 2))
    x[:, 2, 2] = 1  # the middle wins wherever it is seen
    dy = rng.normal(size=(2, 3, 3, 2))
    _, dx = by_loops(dy, x, (3, 3), 1, 0)
    found = student.max_pool_backward(dy, x, (3, 3))
    close(found, dx, "dx", category="wrong_gradient")


def test_padding_loses_even_against_the_smallest_numbers(student, rng, close):
    smallest = np.finfo("float32").min
    x = np.full((1, 4, 3, 2), smallest, "float32")
    y, _ = by_loops(None, x, (3, 2), 1, 1)
    close(student.max_pool_forward(x, (3, 2), 1, 1), y.astype("float32"), "y")
    dy = rng.normal(size=y.shape).astype("float32")
    _, dx = by_loops(dy, x, (3, 2), 1, 1)
    found = student.max_pool_backward(dy, x, (3, 2), 1, 1)
    close(found, dx.astype("float32"), "dx", category="wrong_gradient")


def test_windows_on_padding_alone_are_refused(student, rng, close, raises):
    x = rng.normal(size=(2, 4, 5, 1))
    y, _ = by_loops(None, x, (2, 2), 1, 1)
    close(student.max_pool_forward(x, (2, 2), 1, 1), y, "y")
    raises(ValueError, student.max_pool_forward, x, (2, 3), 1, 2)
