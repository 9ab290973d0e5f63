"""The whole of im2col, Kronecker products, and Fourier's matrices of cosines and sines."""

import numpy as np
from keras import ops

from course.shapes import output_size, pair, same_padding

# Lavin & Gray, 2016, section 4.1 and 4.3: y = Aᵀ[(G g) ⊙ (Bᵀ d)] for m outputs of a
# filter g of 3 cells over m + 2 pixels d, by m + 2 products in place of 3m.
FILTERS = {  # G: (m + 2, 3)
    2: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    4: [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
}
PIXELS = {  # Bᵀ: (m + 2, m + 2)
    2: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    4: [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
}
OUTPUTS = {  # Aᵀ: (m, m + 2)
    2: [[1, 1, 1, 0], [0, 1, -1, -1]],
    4: [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ],
}


def prepared(x, kernel, strides, padding):
    output_sizes(x, kernel, padding)
    kind = "float64" if ops.dtype(x) == "float64" else "float32"
    x, kernel = ops.cast(x, kind), ops.cast(kernel, kind)
    if padding == "same":
        axes = zip(x.shape[1:3], kernel.shape[:2], strides, strict=True)
        rows, columns = (same_padding(*axis) for axis in axes)
        x = ops.pad(x, ((0, 0), rows, columns, (0, 0)))
    return x, kernel


def output_sizes(x, kernel, padding):
    if padding not in ("valid", "same") or x.shape[-1] != kernel.shape[2]:
        raise ValueError(padding)
    axes = zip(x.shape[1:3], kernel.shape[:2], strict=True)
    return [output_size(size, window, 1, padding) for size, window in axes]


def im2col_conv2d(x, kernel, strides=(1, 1), padding="valid"):
    (sh, sw), dtype = pair(strides, "strides"), x.dtype
    x, kernel = prepared(x, kernel, (sh, sw), padding)
    kh, kw, channels, filters = kernel.shape
    height, width = (x.shape[1] - kh) // sh + 1, (x.shape[2] - kw) // sw + 1
    columns = [
        x[:, p : p + sh * height : sh, q : q + sw * width : sw][:, :height, :width]
        for p in range(kh)
        for q in range(kw)
    ]
    rows = ops.reshape(ops.stack(columns, axis=3), (-1, kh * kw * channels))
    y = ops.einsum("nk,kf->nf", rows, ops.reshape(kernel, (-1, filters)))
    return ops.cast(ops.reshape(y, (-1, height, width, filters)), dtype)


def winograd_conv2d(x, kernel, padding="valid", tile=2):
    if tile not in FILTERS or tuple(kernel.shape[:2]) != (3, 3):
        raise ValueError(tile)
    dtype = x.dtype
    x, kernel = prepared(x, kernel, (1, 1), padding)
    g, b, a = (  # over both axes at once
        ops.convert_to_tensor(np.kron(table[tile], table[tile]), dtype=x.dtype)
        for table in (FILTERS, PIXELS, OUTPUTS)
    )
    height, width = x.shape[1] - 2, x.shape[2] - 2
    n = tile + 2
    down, across = -(-height // tile), -(-width // tile)
    margins = ((0, down * tile - height), (0, across * tile - width))
    x = ops.pad(x, ((0, 0), *margins, (0, 0)))
    tiles = [
        x[:, i * tile : i * tile + n, j * tile : j * tile + n]
        for i in range(down)
        for j in range(across)
    ]
    channels, filters = kernel.shape[2:]
    d = ops.reshape(ops.stack(tiles, axis=1), (-1, down * across, n * n, channels))
    u = ops.einsum("ek,kcf->ecf", g, ops.reshape(kernel, (9, channels, filters)))
    y = ops.einsum("de,btec->dbtc", b, d)
    y = ops.einsum("dbtc,dcf->dbtf", y, u)
    y = ops.einsum("od,dbtf->btof", a, y)
    y = ops.reshape(y, (-1, down, across, tile, tile, filters))
    y = ops.transpose(y, (0, 1, 3, 2, 4, 5))
    y = ops.reshape(y, (-1, down * tile, across * tile, filters))
    return ops.cast(y[:, :height, :width], dtype)


def turn(n, window, dtype):
    """cos and sin of 2π·k·i/n, for frequencies k and places i < window."""
    angle = 2 * np.pi * np.outer(np.arange(n), np.arange(window)) / n
    return [ops.convert_to_tensor(f(angle), dtype=dtype) for f in (np.cos, np.sin)]


def transformed(x, n, axis):
    """The transform of a real x, or of a pair, filled up to n places."""
    real, imaginary = x if isinstance(x, tuple) else (x, None)
    cos, sin = turn(n, real.shape[axis], real.dtype)
    letters = "abcd"
    out = letters[:axis] + "k" + letters[axis + 1 :]
    rule = f"k{letters[axis]},{letters}->{out}"
    if imaginary is None:
        return ops.einsum(rule, cos, real), -ops.einsum(rule, sin, real)
    return (
        ops.einsum(rule, cos, real) + ops.einsum(rule, sin, imaginary),
        ops.einsum(rule, cos, imaginary) - ops.einsum(rule, sin, real),
    )


def fft_conv2d(x, kernel, padding="valid"):
    dtype = x.dtype
    x, kernel = prepared(x, kernel, (1, 1), padding)
    (kh, kw), (height, width) = kernel.shape[:2], x.shape[1:3]
    xr, xi = transformed(transformed(x, height, 1), width, 2)
    kr, ki = transformed(transformed(kernel, height, 0), width, 1)
    rule = "bhwc,hwcf->bhwf"
    real = ops.einsum(rule, xr, kr) + ops.einsum(rule, xi, ki)
    imaginary = ops.einsum(rule, xi, kr) - ops.einsum(rule, xr, ki)
    # back: the transform of the conjugate, conjugated and divided by the places
    back = transformed(transformed((real, -imaginary), height, 1), width, 2)[0]
    y = back[:, : height - kh + 1, : width - kw + 1] / (height * width)
    return ops.cast(y, dtype)
