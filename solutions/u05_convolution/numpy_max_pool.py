"""Max pooling in NumPy, forward and backward, by plain loops.

The shapes are the same in both functions:

    x       (B, H, W, C)     images
    y, dy   (B, H', W', C)   H' = ⌊(H + 2·padding − ph) / stride⌋ + 1, W' likewise

`pool_size` is (ph, pw), the window's height and width. `stride` and `padding` are
integers, meant for both axes: the windows lie `stride` pixels apart, and `padding` rows
and columns go on each of the four sides. Padding never wins: it counts as −∞. Results
have the dtype of x.
"""

import numpy as np

from course.shapes import output_size


def places(x, pool_size, stride, padding):
    """H' and W': how many windows there are, down and across.

    Raises:
        ValueError: If a window could lie on padding alone, or does not fit.
    """
    if 2 * padding > min(pool_size):
        raise ValueError(
            f"padding {padding} is more than half of a window of {pool_size}."
        )
    return tuple(
        output_size(size + 2 * padding, window, stride, "valid")
        for size, window in zip(x.shape[1:3], pool_size, strict=True)
    )


def pad(x, padding):
    """`padding` rows and columns on all sides, of a value that never wins."""
    ### BEGIN SOLUTION np.pad with the one number that no pixel is below
    sides = (padding, padding)
    return np.pad(x, ((0, 0), sides, sides, (0, 0)), constant_values=-np.inf)
    ### END SOLUTION


def max_pool_forward(x, pool_size, stride=1, padding=0):
    """The largest value of each window, each channel by itself.

        y[b, i, j, c] = max over p, q of x[b, i·stride + p, j·stride + q, c]

    Returns:
        y, of shape (B, H', W', C).
    """
    ### BEGIN SOLUTION for each place: its windows, reduced over their rows and columns
    (ph, pw), channels = pool_size, x.shape[3]
    height, width = places(x, pool_size, stride, padding)
    x = pad(x, padding)
    y = np.empty((len(x), height, width, channels), x.dtype)
    for i, j in np.ndindex(height, width):
        top, left = i * stride, j * stride
        y[:, i, j] = x[:, top : top + ph, left : left + pw].max(axis=(1, 2))
    return y
    ### END SOLUTION


def max_pool_backward(dy, x, pool_size, stride=1, padding=0):
    """The gradient of a loss L for x, given dy = ∂L/∂y.

    Each dy[b, i, j, c] goes to the pixel that won in its window and to no other. Where
    several pixels of a window are equally large, the first one in reading order (row by
    row, from the left) has won, as in PyTorch. A pixel that wins in several windows gets
    the sum.

    Returns:
        dx, of the shape of x.
    """
    ### BEGIN SOLUTION the windows again; each gives its dy to the place of its maximum
    ph, pw = pool_size
    _, height, width, _ = x.shape
    x = pad(x, padding)
    dx = np.zeros_like(x)
    for b, i, j, c in np.ndindex(dy.shape):
        top, left = i * stride, j * stride
        window = x[b, top : top + ph, left : left + pw, c]
        p, q = np.unravel_index(window.argmax(), window.shape)  # argmax: the first one
        dx[b, top + p, left + q, c] += dy[b, i, j, c]
    return dx[:, padding : padding + height, padding : padding + width]
    ### END SOLUTION
