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
    ### BEGIN SOLUTION for each image, place and filter: window times kernel, summed
    kh, kw, _, filters = kernel.shape
    height, width = places(x, (kh, kw), stride, padding)
    x = zero_pad(x, padding)
    y = np.empty((len(x), height, width, filters), x.dtype)
    for b, i, j, f in np.ndindex(y.shape):
        top, left = i * stride, j * stride
        window = x[b, top : top + kh, left : left + kw]  # (kh, kw, C)
        y[b, i, j, f] = np.sum(window * kernel[..., f]) + bias[f]
    return y
    ### END SOLUTION


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
    ### BEGIN SOLUTION the forward loops again; each step gives back three products
    kh, kw, _, filters = kernel.shape
    _, height, width, _ = x.shape
    x = zero_pad(x, padding)
    dx, dkernel = np.zeros_like(x), np.zeros(kernel.shape, x.dtype)
    dbias = np.zeros(filters, x.dtype)
    for b, i, j, f in np.ndindex(dy.shape):
        top, left = i * stride, j * stride
        dx[b, top : top + kh, left : left + kw] += dy[b, i, j, f] * kernel[..., f]
        dkernel[..., f] += dy[b, i, j, f] * x[b, top : top + kh, left : left + kw]
        dbias[f] += dy[b, i, j, f]
    dx = dx[:, padding : padding + height, padding : padding + width]
    return dx, dkernel, dbias
    ### END SOLUTION


def im2col(x, kernel_size, stride=1, padding=0):
    """Lays every window of the padded images out as one row of a matrix.

    Args:
        x: Images (B, H, W, C).
        kernel_size: (kh, kw).

    Returns:
        A matrix (B·H'·W', kh·kw·C). The rows are ordered as the outputs are, by (b, i, j);
        a row holds its window in the order (p, q, c), as a kernel's values lie.
    """
    ### BEGIN SOLUTION one strided slice for each cell of the kernel, then a reshape
    kh, kw = kernel_size
    height, width = places(x, kernel_size, stride, padding)
    x = zero_pad(x, padding)
    windows = np.empty((len(x), height, width, kh, kw, x.shape[-1]), x.dtype)
    for p, q in np.ndindex(kh, kw):
        down = slice(p, p + stride * height, stride)
        across = slice(q, q + stride * width, stride)
        windows[:, :, :, p, q] = x[:, down, across]
    return windows.reshape(len(x) * height * width, -1)
    ### END SOLUTION


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    """`conv2d_forward` as one matrix product over the rows of `im2col`."""
    ### BEGIN SOLUTION the windows' matrix times the kernel's, reshaped
    kh, kw, _, filters = kernel.shape
    height, width = places(x, (kh, kw), stride, padding)
    columns = im2col(x, (kh, kw), stride, padding)  # (B·H'·W', kh·kw·C)
    y = columns @ kernel.reshape(-1, filters) + bias  # (B·H'·W', F)
    return y.reshape(len(x), height, width, filters)
    ### END SOLUTION


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    """`conv2d_backward` as two matrix products: those of a dense layer.

    Returns:
        dx, dkernel, dbias, as `conv2d_backward` does.
    """
    ### BEGIN SOLUTION a dense layer's gradients, then each row back to its window
    kh, kw, _, filters = kernel.shape
    columns = im2col(x, (kh, kw), stride, padding)  # (B·H'·W', kh·kw·C)
    rows = dy.reshape(-1, filters)  # (B·H'·W', F)
    dkernel = (columns.T @ rows).reshape(kernel.shape)
    dcolumns = rows @ kernel.reshape(-1, filters).T  # (B·H'·W', kh·kw·C)
    dx = col2im(dcolumns, x, (kh, kw), stride, padding)
    return dx, dkernel, rows.sum(axis=0)
    ### END SOLUTION


def col2im(columns, x, kernel_size, stride=1, padding=0):
    """The way back of `im2col`: adds each row onto the pixels that it was read from.

    Args:
        columns: A matrix like that of `im2col(x, kernel_size, stride, padding)`.
        x: The images, for their shape.

    Returns:
        An array of the shape of x; what falls on the padding is dropped.
    """
    ### BEGIN SOLUTION the slices of im2col, added to instead of read from
    (kh, kw), (_, rows, cols, channels) = kernel_size, x.shape
    height, width = places(x, kernel_size, stride, padding)
    windows = columns.reshape(len(x), height, width, kh, kw, channels)
    dx = zero_pad(np.zeros_like(x), padding)
    for p, q in np.ndindex(kh, kw):
        down = slice(p, p + stride * height, stride)
        across = slice(q, q + stride * width, stride)
        dx[:, down, across] += windows[:, :, :, p, q]
    return dx[:, padding : padding + rows, padding : padding + cols]
    ### END SOLUTION
