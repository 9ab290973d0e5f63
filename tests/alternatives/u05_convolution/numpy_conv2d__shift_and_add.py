"""One matrix product for each cell of the kernel; backwards as a full correlation."""

import numpy as np


def _cells(x, kh, kw, stride, padding):
    """Yields (p, q), rows and columns of the padded image that the cell meets."""
    height = (x.shape[1] + 2 * padding - kh) // stride + 1
    width = (x.shape[2] + 2 * padding - kw) // stride + 1
    for p in range(kh):
        for q in range(kw):
            rows = p + stride * np.arange(height)
            columns = q + stride * np.arange(width)
            yield (p, q), np.ix_(np.arange(len(x)), rows, columns)


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    grown = np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    y = bias.copy()
    for cell, place in _cells(x, *kernel.shape[:2], stride, padding):
        y = y + grown[place] @ kernel[cell]
    return y


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    kh, kw, _, _ = kernel.shape
    grown = np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    dkernel = np.stack(
        [
            np.tensordot(grown[place], dy, ([0, 1, 2], [0, 1, 2]))
            for _, place in _cells(x, kh, kw, stride, padding)
        ]
    ).reshape(kernel.shape)
    # dy with the stride's gaps filled by zeros, met by the flipped kernel.
    B, _, _, F = dy.shape
    spaced = np.zeros((B, grown.shape[1] + kh - 1, grown.shape[2] + kw - 1, F), x.dtype)
    spaced[:, kh - 1 :, kw - 1 :][
        :, : stride * dy.shape[1] : stride, : stride * dy.shape[2] : stride
    ] = dy
    flipped = np.flip(kernel, (0, 1)).swapaxes(2, 3)
    dx = conv2d_forward(spaced, flipped, np.zeros(x.shape[3], x.dtype))
    h, w = x.shape[1:3]
    dx = dx[:, padding:, padding:, :][:, :h, :w, :]
    return dx, dkernel, dy.sum(0).sum(0).sum(0)


def im2col(x, kernel_size, stride=1, padding=0):
    grown = np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    cells = [grown[place] for _, place in _cells(x, *kernel_size, stride, padding)]
    return np.concatenate(cells, axis=-1).reshape(-1, len(cells) * x.shape[-1])


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    return conv2d_forward(x, kernel, bias, stride=stride, padding=padding)


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    return conv2d_backward(dy, x, kernel, stride=stride, padding=padding)
