"""By Fourier transform: padded, multiplied, cut out. Slow for small images, but right."""

import warnings

import numpy as np

from course.shapes import output_size


def spectrum(array, size):
    return np.fft.rfft2(array, s=size, axes=(-2, -1))


def signal(transformed, size):
    return np.fft.irfft2(transformed, s=size, axes=(-2, -1))


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    warnings.warn("conv2d_forward in the frequency domain", stacklevel=2)
    n, (kh, kw) = padding, kernel.shape[:2]
    images = np.pad(x, ((0, 0), (n, n), (n, n), (0, 0))).transpose(0, 3, 1, 2)
    size = images.shape[2:]
    rows, columns = (
        output_size(s, k, stride, "valid") for s, k in zip(size, (kh, kw), strict=True)
    )
    X, K = spectrum(images, size), spectrum(kernel.transpose(2, 3, 0, 1), size)
    y = signal(np.einsum("bcuv,cfuv->bfuv", X, K.conj()), size)
    y = y[:, :, ::stride, ::stride][:, :, :rows, :columns].transpose(0, 2, 3, 1)
    return (y + bias).astype(x.dtype)


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    n, (kh, kw) = padding, kernel.shape[:2]
    images = np.pad(x, ((0, 0), (n, n), (n, n), (0, 0))).transpose(0, 3, 1, 2)
    size = images.shape[2:]
    flow = np.zeros((len(dy), dy.shape[3], *size))
    flow[:, :, : stride * dy.shape[1] : stride, : stride * dy.shape[2] : stride] = (
        dy.transpose(0, 3, 1, 2)
    )
    X, K = spectrum(images, size), spectrum(kernel.transpose(2, 3, 0, 1), size)
    D = spectrum(flow, size)
    dx = signal(np.einsum("bfuv,cfuv->bcuv", D, K), size).transpose(0, 2, 3, 1)
    dx = dx[:, n : n + x.shape[1], n : n + x.shape[2]]
    dk = signal(np.einsum("bcuv,bfuv->cfuv", X, D.conj()), size)[:, :, :kh, :kw]
    dk = dk.transpose(2, 3, 0, 1)
    return dx.astype(x.dtype), dk.astype(x.dtype), np.einsum("bijf->f", dy)


def im2col(x, kernel_size, stride=1, padding=0):
    (kh, kw), n = kernel_size, padding
    x = np.pad(x, ((0, 0), (n, n), (n, n), (0, 0)))
    rows, columns = (
        output_size(s, k, stride, "valid")
        for s, k in zip(x.shape[1:3], kernel_size, strict=True)
    )
    i = stride * np.arange(rows)[:, None, None, None] + np.arange(kh)[:, None]
    j = stride * np.arange(columns)[:, None, None] + np.arange(kw)
    return x[:, i, j].reshape(len(x) * rows * columns, -1)


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    columns = im2col(x, kernel.shape[:2], stride, padding)
    y = (
        np.c_[columns, np.ones(len(columns), x.dtype)]
        @ np.r_[kernel.reshape(columns.shape[1], -1), bias[None]]
    )
    rows = output_size(x.shape[1] + 2 * padding, kernel.shape[0], stride, "valid")
    return y.reshape(len(x), rows, -1, len(bias))


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    dx, _, dbias = conv2d_backward(dy, x, kernel, stride, padding)
    columns = im2col(x, kernel.shape[:2], stride, padding)
    dkernel = np.einsum("rk,rf->kf", columns, dy.reshape(len(columns), -1))
    return dx, dkernel.reshape(kernel.shape), dbias
