"""Seven loops and Python numbers, double precision inside; index tables for im2col."""

import math

import numpy as np


def out_size(n, k, s, p):
    return math.floor((n + 2 * p - k) / s) + 1


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    B, H, W, C = x.shape
    kh, kw, _, F = kernel.shape
    Ho, Wo = out_size(H, kh, stride, padding), out_size(W, kw, stride, padding)
    image, weight = x.tolist(), kernel.tolist()
    y = [
        [[[float(bias[f]) for f in range(F)] for _ in range(Wo)] for _ in range(Ho)]
        for _ in range(B)
    ]
    for b in range(B):
        for i in range(Ho):
            for j in range(Wo):
                for p in range(kh):
                    for q in range(kw):
                        r, s = i * stride + p - padding, j * stride + q - padding
                        if not (0 <= r < H and 0 <= s < W):
                            continue
                        for c in range(C):
                            for f in range(F):
                                y[b][i][j][f] += image[b][r][s][c] * weight[p][q][c][f]
    return np.array(y).astype(x.dtype)


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    B, H, W, C = x.shape
    kh, kw, _, F = kernel.shape
    dx, dk = np.zeros(x.shape), np.zeros(kernel.shape)
    # One output pixel of one filter at a time, from the last to the first.
    for f in reversed(range(F)):
        for c in range(C):
            for p in range(kh):
                for q in range(kw):
                    for i in range(dy.shape[1]):
                        for j in range(dy.shape[2]):
                            r, s = i * stride + p - padding, j * stride + q - padding
                            if 0 <= r < H and 0 <= s < W:
                                for b in range(B):
                                    g = float(dy[b, i, j, f])
                                    dx[b, r, s, c] += g * kernel[p, q, c, f]
                                    dk[p, q, c, f] += g * x[b, r, s, c]
    db = np.array([math.fsum(dy[..., f].ravel().tolist()) for f in range(F)])
    return [dx.astype(x.dtype), dk.astype(x.dtype), db.astype(x.dtype)]


def _table(shape, kernel_size, stride, padding):
    """Index of every cell of every window in the flattened padded image."""
    _, H, W, C = shape
    kh, kw = kernel_size
    Hp, Wp = H + 2 * padding, W + 2 * padding
    flat = np.arange(Hp * Wp * C).reshape(Hp, Wp, C)
    return np.array(
        [
            flat[i * stride : i * stride + kh, j * stride : j * stride + kw].ravel()
            for i in range(out_size(H, kh, stride, padding))
            for j in range(out_size(W, kw, stride, padding))
        ]
    )


def im2col(x, kernel_size, stride=1, padding=0):
    table = _table(x.shape, kernel_size, stride, padding)
    padded = np.pad(x, ((0,), (padding,), (padding,), (0,)))
    return np.concatenate([image.ravel()[table] for image in padded])


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    kh, kw, C, F = kernel.shape
    weight = np.concatenate([kernel.reshape(kh * kw * C, F), bias[None]])
    columns = im2col(x, (kh, kw), stride, padding)
    columns = np.hstack([columns, np.ones((len(columns), 1), x.dtype)])
    y = np.dot(columns.astype("float64"), weight.astype("float64")).astype(x.dtype)
    shape = (
        out_size(n, k, stride, padding)
        for n, k in zip(x.shape[1:3], (kh, kw), strict=True)
    )
    return y.reshape(x.shape[0], *shape, F)


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    kh, kw, C, F = kernel.shape
    B, H, W, _ = x.shape
    g = dy.reshape(B, -1, F)
    columns = im2col(x, (kh, kw), stride, padding).reshape(B, -1, kh * kw * C)
    dk = sum(columns[b].T @ g[b] for b in range(B)).reshape(kernel.shape)
    table = _table(x.shape, (kh, kw), stride, padding).ravel()
    size = (H + 2 * padding) * (W + 2 * padding) * C
    dx = []
    for b in range(B):
        back = g[b] @ kernel.reshape(-1, F).T
        summed = np.bincount(table, back.ravel(), minlength=size)
        summed = summed.reshape(H + 2 * padding, W + 2 * padding, C)
        dx.append(summed[padding : padding + H, padding : padding + W])
    return np.stack(dx).astype(x.dtype), dk, g.sum((0, 1))
