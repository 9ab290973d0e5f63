"""One image, one filter, one channel at a time, as in a course on signals; en français."""

import numpy as np


def borde(image, n):
    """Une image (H, W) avec n lignes et colonnes de zéros autour."""
    return np.pad(image, n)


def glisse(plane, cell, s):
    """La corrélation de deux matrices, avec le pas s."""
    kh, kw = cell.shape
    rows = range(0, plane.shape[0] - kh + 1, s)
    columns = range(0, plane.shape[1] - kw + 1, s)
    return np.array(
        [[np.vdot(plane[i : i + kh, j : j + kw], cell) for j in columns] for i in rows]
    )


def conv2d_forward(x, kernel, bias, stride=1, padding=0):
    images = []
    for image in x:
        maps = []
        for f in range(kernel.shape[-1]):
            planes = [
                glisse(borde(image[..., c], padding), kernel[..., c, f], stride)
                for c in range(image.shape[-1])
            ]
            maps.append(sum(planes) + bias[f])
        images.append(np.stack(maps, axis=-1))
    return np.array(images, dtype=x.dtype)


def etale(flow, s, size):
    """s − 1 zéros entre les valeurs, jusqu'à la taille demandée."""
    large = np.zeros(size, flow.dtype)
    for i, row in enumerate(flow):
        large[i * s, : len(row) * s : s] = row
    return large


def conv2d_backward(dy, x, kernel, stride=1, padding=0):
    kh, kw, channels, filters = kernel.shape
    _, height, width, _ = x.shape
    size = height + 2 * padding - kh + 1, width + 2 * padding - kw + 1
    dx, dkernel = np.zeros_like(x), np.zeros_like(kernel)
    for b in range(len(x)):
        for f in range(filters):
            flow = etale(dy[b, :, :, f], stride, size)
            around = np.pad(flow, ((kh - 1, kh - 1), (kw - 1, kw - 1)))
            for c in range(channels):
                whole = glisse(around, np.rot90(kernel[:, :, c, f], 2), 1)
                dx[b, :, :, c] += whole[
                    padding : padding + height, padding : padding + width
                ]
                dkernel[:, :, c, f] += glisse(borde(x[b, :, :, c], padding), flow, 1)
    return [dx, dkernel, np.array([dy[..., f].sum() for f in range(filters)], x.dtype)]


def im2col(x, kernel_size, stride=1, padding=0):
    kh, kw = kernel_size
    rows = []
    for image in x:
        image = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
        for i in range(0, image.shape[0] - kh + 1, stride):
            for j in range(0, image.shape[1] - kw + 1, stride):
                rows.append(image[i : i + kh, j : j + kw].flatten())
    return np.array(rows)


def conv2d_forward_im2col(x, kernel, bias, stride=1, padding=0):
    columns = im2col(x, kernel.shape[:2], stride, padding)
    filters = kernel.reshape(-1, kernel.shape[3]).T  # (F, kh·kw·C)
    y = np.stack([columns @ w + b for w, b in zip(filters, bias, strict=True)], axis=1)
    height = (x.shape[1] + 2 * padding - kernel.shape[0]) // stride + 1
    return y.reshape(len(x), height, -1, len(filters))


def conv2d_backward_im2col(dy, x, kernel, stride=1, padding=0):
    columns = im2col(x, kernel.shape[:2], stride, padding)
    flow = dy.reshape(len(columns), -1)
    dkernel = (flow.T @ columns).T.reshape(kernel.shape)
    dx, _, dbias = conv2d_backward(dy, x, kernel, stride, padding)
    return dx, dkernel, dbias
