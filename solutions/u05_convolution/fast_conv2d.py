"""Convolution by other roads: matrix products, Winograd's minimal filters, Fourier.

What they have in common:

    x        (B, H, W, C)     images; B, H and W may be unknown in a graph
    kernel   (kh, kw, C, F)   F filters, each as deep as the image
    y        (B, H', W', F)   y[b, i, j, f] = Σ_{p, q, c} x[b, i·s + p, j·s + q, c] · k[p, q, c, f]

`padding` is `valid` (none) or `same` (⌈H / s⌉ × ⌈W / s⌉ places, as `course.shapes` has
it). Only `im2col_conv2d` takes strides s. Results have the dtype of x; what is computed
in 16 bits is computed in 32 and rounded at the end.

How far from the exact result they may be in float32, as a fraction of its largest
magnitude, for normal x and kernels of up to 3 · 3 · 512 numbers: 3e-6, and 3e-5 for
F(4×4, 3×3). The rows of its Bᵀ have absolute sums of 10, so numbers grow up to a
hundredfold on the way and cancel again, and their rounding does not. (`tests/parity`
measures it against float64.)
"""

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
    """x with its zeros around it, and the kernel, both in float32 at least.

    Raises:
        ValueError: If `padding` is unknown, the channels differ, or nothing is padded
            and the kernel does not fit into the image.
    """
    if padding not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
    if x.shape[-1] != kernel.shape[2]:
        raise ValueError(
            f"The image has {x.shape[-1]} channels, the kernel {kernel.shape[2]}."
        )
    for size, window in zip(x.shape[1:3], kernel.shape[:2], strict=True):
        output_size(size, window, 1, padding)
    kind = "float64" if ops.dtype(x) == "float64" else "float32"
    x, kernel = ops.cast(x, kind), ops.cast(kernel, kind)
    if padding == "valid":
        return x, kernel
    rows, columns = (
        same_padding(*axis)
        for axis in zip(ops.shape(x)[1:3], kernel.shape[:2], strides, strict=True)
    )
    return ops.pad(x, ((0, 0), rows, columns, (0, 0))), kernel


def im2col_conv2d(x, kernel, strides=(1, 1), padding="valid"):
    """Convolution as matrix products over rows of windows.

    All of im2col at once is kh·kw times the image. Here it is laid out for one axis
    alone: what lies under a row of the kernel, at every row of the image and every
    place across, is a matrix (B·H⁺·W', kw·C), kw times the image. Row p of the kernel
    needs those of its rows that it lies on: kh matrix products with a (kw·C, F) matrix,
    added up.

    Args:
        x: Images (B, H, W, C).
        kernel: (kh, kw, C, F).
        strides: One integer or two.
        padding: `valid` or `same`.

    Returns:
        y, of shape (B, H', W', F).

    Reference: Chellapilla, Puri & Simard, 2006, section 3, for im2col.
    """
    (sh, sw), dtype = pair(strides, "strides"), x.dtype
    x, kernel = prepared(x, kernel, (sh, sw), padding)
    ### BEGIN SOLUTION the kernel's columns side by side, then a product for each row
    kh, kw, channels, filters = kernel.shape
    height, width = ops.shape(x)[1:3]
    across = ops.concatenate(
        [x[:, :, q : width - (kw - 1 - q) : sw] for q in range(kw)], axis=-1
    )  # (B, H⁺, W', kw·C)
    kernel = ops.reshape(kernel, (kh, kw * channels, filters))
    y = sum(
        ops.einsum(
            "bhwk,kf->bhwf", across[:, p : height - (kh - 1 - p) : sh], kernel[p]
        )
        for p in range(kh)
    )
    return ops.cast(y, dtype)
    ### END SOLUTION


def winograd_conv2d(x, kernel, padding="valid", tile=2):
    """Convolution with a 3 × 3 kernel at stride 1, by fewer multiplications.

    The output is cut into tiles of m × m places. A tile depends on (m + 2) × (m + 2)
    pixels d. For one channel and one filter g, with the matrices above,

        Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A                    (equation 8)

    needs (m + 2)² products where the definition needs 9·m²: 16 instead of 36 for m = 2,
    36 instead of 144 for m = 4. The sum over channels can be taken before Aᵀ, so for
    each of the (m + 2)² cells it is a matrix product (tiles, C) · (C, F).

    Args:
        x: Images (B, H, W, C).
        kernel: (3, 3, C, F).
        padding: `valid` or `same`.
        tile: m: 2 or 4.

    Returns:
        y, of shape (B, H', W', F).

    Raises:
        ValueError: For another kernel or tile.

    Reference: Lavin & Gray, 2016, https://arxiv.org/abs/1509.09308, algorithm 1.
    """
    if tuple(kernel.shape[:2]) != (3, 3) or tile not in FILTERS:
        raise ValueError(
            f"Built for 3 × 3 kernels and tiles of 2 or 4; got {kernel.shape[:2]}, {tile}."
        )
    dtype = x.dtype
    x, kernel = prepared(x, kernel, (1, 1), padding)
    g, b, a = (
        ops.convert_to_tensor(table[tile], dtype=x.dtype)
        for table in (FILTERS, PIXELS, OUTPUTS)
    )
    ### BEGIN SOLUTION tiles and kernel transformed, products over channels, back again
    height, width = (size - 2 for size in ops.shape(x)[1:3])
    down, across = -(-height // tile), -(-width // tile)  # tiles, the last ones partly
    rest = ((0, down * tile - height), (0, across * tile - width))
    x = ops.pad(x, ((0, 0), *rest, (0, 0)))

    filters = ops.einsum("ur,vs,rscf->uvcf", g, g, kernel)
    rows = ops.stack([x[:, i : i + down * tile : tile] for i in range(tile + 2)])
    rows = ops.einsum("ui,ibtwc->ubtwc", b, rows)  # (m + 2, B, H'/m, W⁺, C)
    pixels = ops.stack(
        [rows[:, :, :, j : j + across * tile : tile] for j in range(tile + 2)]
    )
    pixels = ops.einsum("vj,jubtwc->uvbtwc", b, pixels)  # …, B, H'/m, W'/m, C)

    products = ops.einsum("uvbtwc,uvcf->uvbtwf", pixels, filters)
    y = ops.einsum("iu,uvbtwf->ivbtwf", a, products)
    y = ops.einsum("jv,ivbtwf->btiwjf", a, y)  # (B, H'/m, m, W'/m, m, F)
    y = ops.reshape(y, (-1, down * tile, across * tile, kernel.shape[-1]))
    return ops.cast(y[:, :height, :width], dtype)
    ### END SOLUTION


def fft_conv2d(x, kernel, padding="valid"):
    """Convolution at stride 1 as a product of Fourier transforms.

    With X and K the two-dimensional transforms of the image and of the kernel, which is
    filled up with zeros to the image's size, and K* the complex conjugate:

        Y[b, f, u, v] = Σ_c X[b, c, u, v] · K*[c, f, u, v]

    The transform of a product goes round: a kernel that sticks out at the bottom finds
    the image's top. The first H⁺ − kh + 1 rows and W⁺ − kw + 1 columns are free of that,
    and they are just the places there are.

    `ops.fft2` and `ops.ifft2` work on the last two axes of a pair (real, imaginary).

    Args:
        x: Images (B, H, W, C).
        kernel: (kh, kw, C, F). Its size hardly matters for the time that this takes.
        padding: `valid` or `same`.

    Returns:
        y, of shape (B, H', W', F).

    Reference: Mathieu, Henaff & LeCun, 2014, https://arxiv.org/abs/1312.5851, section 2.
    """
    dtype = x.dtype
    x, kernel = prepared(x, kernel, (1, 1), padding)
    ### BEGIN SOLUTION transform both, multiply, transform back, cut
    (kh, kw), (height, width) = kernel.shape[:2], ops.shape(x)[1:3]
    kernel = ops.pad(kernel, ((0, height - kh), (0, width - kw), (0, 0), (0, 0)))
    x, kernel = ops.transpose(x, (0, 3, 1, 2)), ops.transpose(kernel, (2, 3, 0, 1))
    xr, xi = ops.fft2((x, ops.zeros_like(x)))  # (B, C, H⁺, W⁺)
    kr, ki = ops.fft2((kernel, ops.zeros_like(kernel)))  # (C, F, H⁺, W⁺)

    def over_channels(image, filters):
        return ops.einsum("bchw,cfhw->bfhw", image, filters)

    real = over_channels(xr, kr) + over_channels(xi, ki)
    imaginary = over_channels(xi, kr) - over_channels(xr, ki)
    y, _ = ops.ifft2((real, imaginary))
    y = ops.transpose(y, (0, 2, 3, 1))  # (B, H⁺, W⁺, F)
    return ops.cast(y[:, : height - kh + 1, : width - kw + 1], dtype)
    ### END SOLUTION
