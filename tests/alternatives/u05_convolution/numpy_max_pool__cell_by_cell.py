"""A loop over the cells of the window: the champion so far against the next view."""

import numpy as np


def cells(x, pool_size, stride, padding):
    """What each cell meets, from the rim inwards: its slices and its view."""
    if 2 * padding > pool_size[0] or 2 * padding > pool_size[1]:
        raise ValueError("too much padding")
    batch, height, width, channels = x.shape
    full = np.full(
        (batch, height + 2 * padding, width + 2 * padding, channels), -np.inf, x.dtype
    )
    full[:, padding : padding + height, padding : padding + width] = x
    down = (full.shape[1] - pool_size[0]) // stride + 1
    across = (full.shape[2] - pool_size[1]) // stride + 1
    for p in range(pool_size[0]):
        for q in range(pool_size[1]):
            rows = slice(p, p + (down - 1) * stride + 1, stride)
            columns = slice(q, q + (across - 1) * stride + 1, stride)
            yield (slice(None), rows, columns), full


def max_pool_forward(x, pool_size, stride=1, padding=0):
    champion = None
    for place, full in cells(x, pool_size, stride, padding):
        view = full[place]
        champion = view.copy() if champion is None else np.maximum(champion, view)
    return champion


def max_pool_backward(dy, x, pool_size, stride=1, padding=0):
    champion = max_pool_forward(x, pool_size, stride, padding)
    dx, left = None, dy.copy()  # what has not found its winner yet
    for place, full in cells(x, pool_size, stride, padding):
        dx = np.zeros_like(full) if dx is None else dx
        wins = full[place] == champion
        dx[place] += np.where(wins, left, 0)
        left = np.where(wins, 0, left)
    height, width = x.shape[1:3]
    return dx[:, padding : padding + height, padding : padding + width]
