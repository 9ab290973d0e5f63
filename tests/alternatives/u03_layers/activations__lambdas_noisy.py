"""Lambdas and closures with cubes by ops.power; says what it does on both channels."""

import math
import warnings

from keras import ops

print("activations are being defined")
warnings.warn("and nothing is wrong", stacklevel=1)


def _checked(function):
    def wrapper(x, *args, **kwargs):
        warnings.warn(f"{function.__name__} of {x.shape}", stacklevel=2)
        print(function.__name__, args, kwargs)
        return function(x, *args, **kwargs)

    return wrapper


_largest = lambda x, axis: ops.max(x, axis=axis, keepdims=True)  # noqa: E731
_total = lambda x, axis: ops.sum(x, axis=axis, keepdims=True)  # noqa: E731


@_checked
def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    slope = ops.cast(negative_slope, x.dtype)
    y = ops.where(ops.logical_not(x <= threshold), x, 0 * ops.nan_to_num(x))
    if negative_slope:
        y += ops.where(x <= threshold, slope * (x - threshold), ops.zeros_like(x))
    if max_value is not None:
        y = ops.where(y >= max_value, ops.cast(max_value, y.dtype), y)
    return y


leaky_relu = _checked(
    lambda x, negative_slope=0.2: ops.where(x < 0, negative_slope * x, x)
)
silu = _checked(lambda x: ops.multiply(ops.sigmoid(x), x))


@_checked
def gelu(x, approximate=False):
    cubic = x + 0.044715 * ops.power(x, 3)
    return (
        ops.tanh(math.sqrt(2.0 / math.pi) * cubic)
        if approximate
        else ops.erf(x * math.sqrt(0.5))
    ) * (x / 2) + x / 2


@_checked
def softmax(x, axis=-1):
    small = ops.exp(x - _largest(x, axis))
    return ops.divide(small, _total(small, axis))


@_checked
def log_softmax(x, axis=-1):
    top = _largest(x, axis)
    return (x - top) - ops.log(_total(ops.exp(x - top), axis))
