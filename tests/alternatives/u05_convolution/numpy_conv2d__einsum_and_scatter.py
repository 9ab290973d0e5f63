"""Strided views and einsum forwards, a scatter with np.add.at backwards."""

import numpy as np


def _windows(x, kh, kw, stride, padding):
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    view = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))
    return view[:, ::stride, ::stride]


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    view = _windows(x, *kernel.shape[:2], stride, padding)
    return np.einsum("nijcpq,pqcf->nijf", view, kernel, optimize=True) + bias


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    kh, kw = kernel.shape[:2]
    view = _windows(x, kh, kw, stride, padding)
    dkernel = np.einsum("nijcpq,nijf->pqcf", view, dy, optimize=True)
    grown = np.zeros(
        (len(x), x.shape[1] + 2 * padding, x.shape[2] + 2 * padding, x.shape[3]),
        dtype=x.dtype,
    )
    spread = np.einsum("nijf,pqcf->nijpqc", dy, kernel, optimize=True)
    n, i, j, p, q = np.ogrid[
        : len(x), : dy.shape[1], : dy.shape[2], :kh, :kw
    ]  # fmt: skip
    np.add.at(grown, (n, i * stride + p, j * stride + q), spread)
    inner = slice(padding, -padding or None)
    return grown[:, inner, inner], dkernel, np.einsum("nijf->f", dy)


def im2col(x, kernel_size, stride=1, padding=0):
    view = _windows(x, *kernel_size, stride, padding)
    rows = np.transpose(view, (0, 1, 2, 4, 5, 3))
    return np.ascontiguousarray(rows).reshape(int(np.prod(rows.shape[:3])), -1)


conv2d_forward_im2col = conv2d_forward
conv2d_backward_im2col = conv2d_backward
