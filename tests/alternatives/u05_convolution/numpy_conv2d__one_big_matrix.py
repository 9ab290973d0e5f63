"""The whole convolution as one matrix: y = M x + b, dx = Mᵀ dy. In float64."""

from itertools import product

import numpy as np

from course.shapes import output_size


def unfolding(shape, kernel_size, stride, padding):
    """(H'·W'·kh·kw, H·W): a 1 where a cell of a window lies on a pixel of the image."""
    (height, width), (kh, kw) = shape, kernel_size
    rows = output_size(height + 2 * padding, kh, stride, "valid")
    columns = output_size(width + 2 * padding, kw, stride, "valid")
    matrix = np.zeros((rows, columns, kh, kw, height, width))
    for i, j, p, q in product(*map(range, (rows, columns, kh, kw))):
        h, w = i * stride + p - padding, j * stride + q - padding
        if 0 <= h < height and 0 <= w < width:
            matrix[i, j, p, q, h, w] = 1
    return matrix.reshape(rows * columns, kh * kw, height * width), (rows, columns)


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    kh, kw, channels, filters = kernel.shape
    ones, places = unfolding(x.shape[1:3], (kh, kw), stride, padding)
    cells = kernel.reshape(kh * kw, channels, filters).astype("float64")
    matrix = np.einsum("skh,kcf->sfhc", ones, cells)
    matrix = matrix.reshape(len(ones) * filters, -1)  # (H'·W'·F, H·W·C)
    y = x.reshape(len(x), -1) @ matrix.T
    return (y.reshape(len(x), *places, filters) + bias).astype(x.dtype)


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    kh, kw, channels, filters = kernel.shape
    ones, _ = unfolding(x.shape[1:3], (kh, kw), stride, padding)
    cells = kernel.reshape(kh * kw, channels, filters).astype("float64")
    flow = dy.reshape(len(x), -1, filters).astype("float64")
    pixels = x.reshape(len(x), -1, channels)
    spread = np.einsum("skh,bsf->bkhf", ones, flow)
    dx = np.einsum("bkhf,kcf->bhc", spread, cells).reshape(x.shape)
    dkernel = np.einsum("bkhf,bhc->kcf", spread, pixels).reshape(kernel.shape)
    return tuple(g.astype(x.dtype) for g in (dx, dkernel, flow.sum((0, 1))))


def im2col(x, kernel_size, stride=1, padding=0):
    ones, _ = unfolding(x.shape[1:3], kernel_size, stride, padding)
    pixels = x.reshape(len(x), -1, x.shape[3])
    windows = np.einsum("skh,bhc->bskc", ones.astype(x.dtype), pixels)
    return windows.reshape(-1, windows.shape[2] * windows.shape[3])


def conv2d_forward_im2col(*args, **kwargs):
    return conv2d_forward(*args, **kwargs)


def conv2d_backward_im2col(*args, **kwargs):
    return conv2d_backward(*args, **kwargs)
