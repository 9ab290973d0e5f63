"""Convolution in NumPy: by plain loops, then as one matrix product (im2col).

The shapes are the same in all five functions:

    x       (B, H, W, C)     images
    kernel  (kh, kw, C, F)   F filters, each as deep as the image
    bias    (F,)
    y, dy   (B, H', W', F)   H' = ⌊(H + 2·padding − kh) / stride⌋ + 1, W' likewise

`stride` and `padding` are integers, meant for both axes: `padding` rows and columns of
zeros go on each of the four sides. Results have the dtype of x.
"""

import numpy as np

from course.shapes import output_size


def zero_pad(x, padding):
    """`padding` rows and columns of zeros on all sides: (B, H + 2·padding, …, C)."""
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def places(x, kernel_size, stride, padding):
    """H' and W': how many windows of the padded image there are, down and across."""
    return tuple(
        output_size(size + 2 * padding, window, stride, "valid")
        for size, window in zip(x.shape[1:3], kernel_size, strict=True)
    )


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    """Slides the filters over the images, by plain loops.

    With x padded by zeros:

        y[b, i, j, f] = bias[f]
            + Σ_{p, q, c} x[b, i·stride + p, j·stride + q, c] · kernel[p, q, c, f]

    Slow, and meant to be: every faster version is judged by this one.

    Returns:
        y, of shape (B, H', W', F).
    """
    raise NotImplementedError(
        "For each image, place and filter: window times kernel, summed."
    )


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    """The gradients of a loss L, given dy = ∂L/∂y, by the same loops.

    Each output was one window times one filter, so each dy[b, i, j, f] gives back

        to the window's pixels   dy[b, i, j, f] · kernel[..., f]
        to the filter            dy[b, i, j, f] · the window
        to the filter's bias     dy[b, i, j, f]

    and what several outputs give to the same place adds up.

    Returns:
        dx, dkernel, dbias, of the shapes of x, kernel and bias. A pixel that no window
        covers has gradient 0; what falls on the padding is dropped.
    """
    raise NotImplementedError(
        "The forward loops again; each step gives back three products."
    )


def im2col(x, kernel_size, stride=1, padding=0):
    """Lays every window of the padded images out as one row of a matrix.

    Args:
        x: Images (B, H, W, C).
        kernel_size: (kh, kw).

    Returns:
        A matrix (B·H'·W', kh·kw·C). The rows are ordered as the outputs are, by (b, i, j);
        a row holds its window in the order (p, q, c), as a kernel's values lie.
    """
    raise NotImplementedError(
        "One strided slice for each cell of the kernel, then a reshape."
    )


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    """`conv2d_forward` as one matrix product over the rows of `im2col`."""
    raise NotImplementedError("The windows' matrix times the kernel's, reshaped.")


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    """`conv2d_backward` as two matrix products: those of a dense layer.

    Returns:
        dx, dkernel, dbias, as `conv2d_backward` does.
    """
    raise NotImplementedError(
        "A dense layer's gradients, then each row back to its window."
    )


def col2im(columns, x, kernel_size, stride=1, padding=0):
    """The way back of `im2col`: adds each row onto the pixels that it was read from.

    Args:
        columns: A matrix like that of `im2col(x, kernel_size, stride, padding)`.
        x: The images, for their shape.

    Returns:
        An array of the shape of x; what falls on the padding is dropped.
    """
    raise NotImplementedError("The slices of im2col, added to instead of read from.")
