"""Public checks of LocalResponseNormalization. The oracle: the formula, in NumPy loops."""

import numpy as np
import pytest

CONSTANTS = {"alpha": 0.3, "beta": 0.6, "k": 1.5}  # with which numbers around 1 compete


def normalized(a, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Section 3.3, one channel after another, in float64."""
    a, channels = a.astype("float64"), a.shape[-1]
    b = np.empty_like(a)
    for i in range(channels):
        first, last = max(0, i - size // 2), min(channels - 1, i + (size - 1) // 2)
        total = sum(a[..., j] ** 2 for j in range(first, last + 1))
        b[..., i] = a[..., i] / (k + alpha * total) ** beta
    return b


def images(rng, *shape, scale=1.0):
    """No two channels are equally loud."""
    loud = scale * rng.uniform(0.5, 3, size=shape[-1])
    return (loud * rng.normal(size=shape)).astype("float32")


@pytest.mark.points(2)
def test_has_the_constants_of_the_paper_by_default(student, rng, close):
    a = images(rng, 2, 4, 3, 8, scale=100)
    close(student.LocalResponseNormalization()(a), normalized(a))


@pytest.mark.points(2)
@pytest.mark.parametrize("size", [1, 3, 5], ids="size {}".format)
def test_sums_over_as_many_channels_as_size_says(student, rng, close, size):
    a = images(rng, 2, 3, 4, 7)
    layer = student.LocalResponseNormalization(size, **CONSTANTS)
    close(layer(a), normalized(a, size, **CONSTANTS))


def test_an_even_window_has_one_channel_more_in_front(student, rng, close):
    a = images(rng, 3, 2, 3, 6)
    layer = student.LocalResponseNormalization(4, **CONSTANTS)
    close(layer(a), normalized(a, 4, **CONSTANTS))


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "constants",
    [{"alpha": 2.0}, {"alpha": 0.3, "beta": 1.5}, {"alpha": 0.3, "k": 0.4}],
    ids=["alpha", "beta", "k"],
)
def test_each_constant_stands_where_the_formula_has_it(student, rng, close, constants):
    a = images(rng, 2, 3, 4, 6)
    layer = student.LocalResponseNormalization(3, **constants)
    close(layer(a), normalized(a, 3, **constants))


@pytest.mark.parametrize(
    "shape", [(4, 6), (2, 5, 6), (2, 2, 3, 2, 5)], ids=["vectors", "steps", "volumes"]
)
def test_looks_along_the_last_axis_whatever_lies_before(student, rng, close, shape):
    a = images(rng, *shape)
    layer = student.LocalResponseNormalization(3, **CONSTANTS)
    close(layer(a), normalized(a, 3, **CONSTANTS))


@pytest.mark.points(2)
def test_what_is_zero_stays_zero_and_signs_stay(student, rng, close):
    a = images(rng, 2, 3, 2, 7)
    a[0] = 0
    a[1, :, :, 2] = 0
    a[1, :, :, 3] = -np.abs(a[1, :, :, 3])
    layer = student.LocalResponseNormalization(5, **CONSTANTS)
    close(layer(a), normalized(a, 5, **CONSTANTS))


@pytest.mark.points(2)
def test_the_gradient_flows_to_the_neighbours_too(student, rng, close, equal):
    a = images(rng, 2, 1, 2, 5)
    upstream = rng.normal(size=a.shape).astype("float32")
    layer = student.LocalResponseNormalization(3, **CONSTANTS)
    below, found = student.gradients(layer, a, upstream=upstream)
    expected = slopes(lambda x: np.sum(upstream * normalized(x, 3, **CONSTANTS)), a)
    what = "the input's gradient"
    close(dict(enumerate(below)).get(0), expected, what, category="wrong_gradient")
    equal(len(found), 0, "the number of trainable weights")


def slopes(function, at, step=1e-5):
    """By central differences: of `function` for each number of `at`."""
    at = at.astype("float64")
    result = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        nudge = np.zeros_like(at)
        nudge[place] = step
        result[place] = (function(at + nudge) - function(at - nudge)) / (2 * step)
    return result
