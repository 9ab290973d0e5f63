"""Softmax and its logarithm from a running sum over the slices along the axis."""

import math
from functools import reduce

from keras import ops


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Avec une pente en dessous du seuil."""
    if max_value is not None:
        x = ops.where(x > max_value, ops.full_like(x, max_value), x)
    low = x <= threshold
    if not negative_slope:
        return ops.where(low, 0.0, x)
    return ops.where(low, (x - threshold) * negative_slope, x)


def leaky_relu(x, negative_slope=0.2):
    return x * ops.where(x > 0, ops.ones_like(x), ops.full_like(x, negative_slope))


def gelu(x, approximate=False):
    if not approximate:
        return (x + x * ops.erf(x / math.sqrt(2))) / 2
    z = math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)
    return x * ops.sigmoid(z)


def silu(x):
    small = ops.exp(-ops.abs(x))  # never above 1
    return x * ops.where(x >= 0, 1 / (1 + small), small / (1 + small))


def total_of(x, axis):
    """log Σ exp along the axis, which is left with length 1."""
    axis = axis % len(x.shape)
    slices = ops.split(x, x.shape[axis], axis=axis)
    largest = reduce(ops.maximum, slices)
    return largest + ops.log(sum(ops.exp(piece - largest) for piece in slices))


def log_softmax(x, axis=-1):
    return x - total_of(x, axis)


def softmax(x, axis=-1):
    return ops.exp(log_softmax(x, axis=axis))
