"""Shift and add; Winograd along the columns alone; Fourier with room for all of it."""

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
    kh, kw = kernel.shape[:2]
    rows = np.arange(0, x.shape[1] - kh + 1, sh)
    columns = np.arange(0, x.shape[2] - kw + 1, sw)
    y = 0.0
    for q in range(kw):
        for p in range(kh):
            view = ops.take(ops.take(x, rows + p, axis=1), columns + q, axis=2)
            y = y + ops.einsum("bijc,cf->bijf", view, kernel[p, q])
    return ops.cast(y, dtype)


def winograd_conv2d(x, kernel, padding="valid", tile=2):
    if tile not in (2, 4) or tuple(kernel.shape[:2]) != (3, 3):
        raise ValueError(f"{tile}, {kernel.shape}")
    dtype = x.dtype
    x, kernel = prepared(x, kernel, (1, 1), padding)
    g, b, a = (
        ops.convert_to_tensor(np.array(table[tile], "float64"), dtype=x.dtype)
        for table in (FILTERS, PIXELS, OUTPUTS)
    )
    height, width = x.shape[1] - 2, x.shape[2] - 2
    tiles = -(-width // tile)
    x = ops.pad(x, ((0, 0), (0, 0), (0, tiles * tile - width), (0, 0)))
    d = ops.stack(
        [x[:, :, t * tile : t * tile + tile + 2] for t in range(tiles)], axis=2
    )  # (B, H⁺, tiles, m + 2, C)
    d = ops.einsum("uj,bhtjc->bhtuc", b, d)
    u = ops.einsum("us,rscf->rucf", g, kernel)
    products = sum(
        ops.einsum("bhtuc,ucf->bhtuf", d[:, r : r + height], u[r]) for r in range(3)
    )
    y = ops.einsum("iu,bhtuf->bhtif", a, products)
    y = ops.reshape(y, (-1, height, tiles * tile, kernel.shape[-1]))
    return ops.cast(y[:, :, :width], dtype)


def fft_conv2d(x, kernel, padding="valid"):
    dtype = x.dtype
    x, kernel = prepared(x, kernel, (1, 1), padding)
    (kh, kw), (height, width) = kernel.shape[:2], x.shape[1:3]
    tall, wide = height + kh - 1, width + kw - 1  # nothing comes round
    kernel = ops.flip(kernel, (0, 1))
    x = ops.pad(x, ((0, 0), (0, kh - 1), (0, kw - 1), (0, 0)))
    kernel = ops.pad(kernel, ((0, tall - kh), (0, wide - kw), (0, 0), (0, 0)))
    x = ops.expand_dims(ops.transpose(x, (0, 3, 1, 2)), 1)  # (B, 1, C, …)
    kernel = ops.expand_dims(ops.transpose(kernel, (3, 2, 0, 1)), 0)  # (1, F, C, …)
    xr, xi = ops.fft2((x, 0 * x))
    kr, ki = ops.fft2((kernel, 0 * kernel))
    product = (
        ops.sum(xr * kr - xi * ki, axis=2),
        ops.sum(xr * ki + xi * kr, axis=2),
    )
    y = ops.ifft2(product)[0][:, :, kh - 1 : height, kw - 1 : width]
    return ops.cast(ops.transpose(y, (0, 2, 3, 1)), dtype)
