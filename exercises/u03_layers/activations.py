"""The functions that bend what a layer computes, and the one that ends a classifier."""

import math

from keras import ops


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Lets pass what is above a threshold: the rectified linear unit.

        y = min(x, max_value)                   where x > threshold
            negative_slope · (x − threshold)    elsewhere

    With the defaults that is max(x, 0).

    NaN comes out as NaN, here and in all functions below: a mistake further up must not
    turn into a harmless 0. With a slope of 0, −∞ becomes 0.

    Args:
        x: A float tensor of any shape, or a NumPy array.
        negative_slope: The slope at the threshold and below.
        max_value: What is above becomes this; None: nothing is cut off.
        threshold: Where the function bends, not negative.

    Returns:
        A tensor of the same shape and dtype.

    Reference: Glorot, Bordes & Bengio, 2011, section 3.
    """
    x = ops.convert_to_tensor(x)
    raise NotImplementedError(
        "The part at the threshold and below, the part above, the cut."
    )


def leaky_relu(x, negative_slope=0.2):
    """Rectifies, but lets a little pass below 0, so that a gradient does too.

        y = x                     where x > 0
            negative_slope · x    elsewhere

    Args:
        x: A float tensor of any shape, or a NumPy array.
        negative_slope: The slope at 0 and below; it may be above 1.

    Returns:
        A tensor of the same shape and dtype.

    Reference: Maas, Hannun & Ng, 2013, equation 2 (there the slope is 0.01).
    """
    x = ops.convert_to_tensor(x)
    raise NotImplementedError("Two slopes that meet at 0.")


def gelu(x, approximate=False):
    """Weighs x by the probability that a standard normal number lies below it.

        y = x · Φ(x) = x · ½ · (1 + erf(x / √2))

    and with `approximate`, as GPT-2 computes it, within 0.0005 of that:

        y = x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))

    Args:
        x: A float tensor of any shape, or a NumPy array.
        approximate: Whether to take the form with tanh.

    Returns:
        A tensor of the same shape and dtype.

    Reference: https://arxiv.org/abs/1606.08415, section 2.
    """
    x = ops.convert_to_tensor(x)
    raise NotImplementedError("Φ(x) by erf or by tanh, times x.")


def silu(x):
    """Weighs x by its own sigmoid; also called swish.

        y = x · σ(x) = x / (1 + exp(−x))

    exp(1000) is infinite in every precision: neither the value nor the gradient at
    −1000 may come from it. `ops.sigmoid` may be used; u01 has built it.

    Args:
        x: A float tensor of any shape, or a NumPy array.

    Returns:
        A tensor of the same shape and dtype.

    Reference: https://arxiv.org/abs/1702.03118, equation 5.
    """
    x = ops.convert_to_tensor(x)
    raise NotImplementedError("X times its sigmoid.")


def softmax(x, axis=-1):
    """Turns the scores along one axis into probabilities.

        y[…, k, …] = exp(x[…, k, …]) / Σ_j exp(x[…, j, …])

    where k and j run along `axis`. Scores of any size are fine, if the largest of them
    is taken from all first; a score of −∞ gets the probability 0.

    Args:
        x: A float tensor of rank 1 or more, or a NumPy array.
        axis: The axis, or several, along which the probabilities add up to 1.

    Returns:
        A tensor of the same shape and dtype.

    Reference: Bridle, 1990; Goodfellow, Bengio & Courville, 2016, section 4.1.
    """
    x = ops.convert_to_tensor(x)
    raise NotImplementedError("The largest score taken away, exp, divided by the sum.")


def log_softmax(x, axis=-1):
    """The logarithms of softmax's probabilities, also of those too small for a float.

        y[…, k, …] = x[…, k, …] − log Σ_j exp(x[…, j, …])

    Two scores that lie 1000 apart give 0 and −1000. softmax makes 1 and 0 of them, and
    the logarithm of 0 is −∞: so this is no softmax followed by a logarithm.

    Args:
        x: A float tensor of rank 1 or more, or a NumPy array.
        axis: The axis, or several, along which the probabilities add up to 1.

    Returns:
        A tensor of the same shape and dtype.
    """
    x = ops.convert_to_tensor(x)
    raise NotImplementedError(
        "The largest score taken away, then the logarithm of the sum."
    )
