"""NumPy's sliding windows and tensordot; backwards the full convolution with a flip."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _pad(x, n, m):
    return np.pad(x, [(0, 0), n, m, (0, 0)])


def _windows(x, kh, kw, stride=1):
    """(B, H', W', kh, kw, C)"""
    view = sliding_window_view(x, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.moveaxis(view, 3, 5)


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    kh, kw, *_ = kernel.shape
    x = _pad(x, (padding, padding), (padding, padding))
    return np.tensordot(_windows(x, kh, kw, stride), kernel, 3) + bias


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    kh, kw, _, filters = kernel.shape
    _, height, width, _ = x.shape
    padded = _pad(x, (padding, padding), (padding, padding))
    dkernel = np.tensordot(
        _windows(padded, kh, kw, stride), dy, axes=([0, 1, 2], [0, 1, 2])
    )
    # stride − 1 zeros between the rows of dy, then a convolution with the flipped kernel
    full = (padded.shape[1] - kh + 1, padded.shape[2] - kw + 1)
    spread = np.zeros((len(x), *full, filters), dy.dtype)
    spread[:, ::stride, ::stride][:, : dy.shape[1], : dy.shape[2]] = dy
    spread = _pad(spread, (kh - 1, kh - 1), (kw - 1, kw - 1))
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    dx = np.tensordot(_windows(spread, kh, kw), flipped, 3)
    inside = (slice(None), *(slice(padding, padding + n) for n in (height, width)))
    return dx[inside], dkernel, dy.sum(axis=(0, 1, 2))


def im2col(x, kernel_size, stride=1, padding=0):
    x = _pad(x, (padding, padding), (padding, padding))
    windows = _windows(x, *kernel_size, stride)
    return windows.reshape(np.prod(windows.shape[:3]), np.prod(windows.shape[3:]))


conv2d_forward_im2col, conv2d_backward_im2col = conv2d_forward, conv2d_backward
