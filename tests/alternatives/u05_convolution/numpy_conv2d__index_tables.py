"""Tables of indices say where each pixel of each window lies; np.add.at goes back."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def table(height, width, kh, kw, stride, padding):
    """For every place and cell the number of the pixel in the padded image."""
    height, width = height + 2 * padding, width + 2 * padding
    i = np.arange(0, height - kh + 1, stride)
    j = np.arange(0, width - kw + 1, stride)
    corner = (i[:, None] * width + j[None, :]).reshape(-1, 1)
    cell = (np.arange(kh)[:, None] * width + np.arange(kw)[None, :]).reshape(1, -1)
    return len(i), len(j), corner + cell


def pad(x, n):
    bigger = np.zeros(
        (x.shape[0], x.shape[1] + 2 * n, x.shape[2] + 2 * n, x.shape[3]), x.dtype
    )
    bigger[:, n : n + x.shape[1], n : n + x.shape[2]] = x
    return bigger


def pixels(x, kernel_size, stride, padding):
    rows, columns, numbers = table(*x.shape[1:3], *kernel_size, stride, padding)
    flat = pad(x, padding).reshape(x.shape[0], -1, x.shape[3])
    return rows, columns, numbers, flat


def im2col(x, kernel_size, stride=1, padding=0):
    _, _, numbers, flat = pixels(x, kernel_size, stride, padding)
    gathered = flat[:, numbers]  # (B, H'·W', kh·kw, C)
    return gathered.reshape(-1, numbers.shape[1] * x.shape[3])


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    rows, columns, _, _ = pixels(x, kernel.shape[:2], stride, padding)
    matrix = im2col(x, kernel.shape[:2], stride, padding)
    y = np.dot(matrix, kernel.reshape(matrix.shape[1], -1))
    y += bias
    return y.reshape(x.shape[0], rows, columns, -1)


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    _, _, numbers, flat = pixels(x, kernel.shape[:2], stride, padding)
    n, filters = padding, kernel.shape[3]
    matrix = im2col(x, kernel.shape[:2], stride, padding)
    flow = dy.reshape(-1, filters)
    back = np.dot(flow, kernel.reshape(-1, filters).T)
    back = back.reshape(len(x), *numbers.shape, x.shape[3])
    dflat = np.zeros_like(flat)
    for b in range(len(x)):
        np.add.at(dflat[b], numbers, back[b])
    big = dflat.reshape(pad(x, n).shape)
    dx = big[:, n : n + x.shape[1], n : n + x.shape[2]]
    dkernel = np.dot(matrix.T, flow).reshape(kernel.shape)
    return dx, dkernel, np.dot(np.ones(len(flow), flow.dtype), flow)


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    rows, columns, numbers, flat = pixels(x, kernel.shape[:2], stride, padding)
    cells = kernel.reshape(-1, *kernel.shape[2:])
    y = np.zeros((len(x), rows * columns, kernel.shape[3]), x.dtype) + bias
    for k in range(len(cells)):
        y += flat[:, numbers[:, k]] @ cells[k]
    return y.reshape(len(x), rows, columns, -1).astype(x.dtype)


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    print("backward", dy.shape, x.shape, kernel.shape)
    return conv2d_backward_im2col(dy, x, kernel, stride, padding)
