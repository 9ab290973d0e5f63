"""Parts above and below are added; sigmoid by tanh; softmax as exp of log_softmax."""

from keras import ops


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    passes = ops.logical_or(ops.isnan(x), x > threshold)
    y = ops.where(passes, x, ops.zeros_like(x))
    if max_value is not None:
        y = ops.minimum(y, max_value)
    if negative_slope != 0:
        y = y + negative_slope * ops.minimum(x - threshold, 0.0)
    return y


def leaky_relu(x, negative_slope=0.2):
    return ops.maximum(x, 0) + negative_slope * ops.minimum(x, 0)


def gelu(x, approximate=False):
    if approximate:
        c = 0.7978845608028654  # sqrt(2 / pi)
        probability = 0.5 + 0.5 * ops.tanh(c * x * (1 + 0.044715 * ops.square(x)))
    else:
        probability = 0.5 + 0.5 * ops.erf(x * 0.5**0.5)
    return probability * x


def silu(x):
    half = x / 2
    return half + half * ops.tanh(half)


def softmax(x, axis=-1):
    return ops.exp(log_softmax(x, axis))


def log_softmax(x, axis=-1):
    largest = ops.stop_gradient(ops.max(x, axis, keepdims=True))
    total = ops.sum(ops.exp(x - largest), axis, keepdims=True)
    return x - (largest + ops.log(total))
