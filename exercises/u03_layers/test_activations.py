"""Public checks of the activations. The oracles are Keras's functions on the backend in
use, and the definitions in NumPy and float64 for gradients and extreme values.
"""

import math

import keras
import numpy as np
import pytest


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


DEFINITIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "gelu": lambda x: x * np.vectorize(math.erfc)(-x / math.sqrt(2)) / 2,
    "silu": lambda x: x * (1 + np.tanh(x / 2)) / 2,
    "softmax": softmax,
    "log_softmax": log_softmax,
}
EACH = pytest.mark.parametrize("name", DEFINITIONS)


def inputs_of(rng, shape=(3, 4, 5)):
    """Random numbers on both sides of 0, none nearer to it than 0.1."""
    signs = rng.choice([-1, 1], size=shape)
    return (signs * rng.uniform(0.1, 3, size=shape)).astype("float32")


def extremes():
    """±1000 beside ordinary numbers, as rows of scores."""
    return np.array(
        [[1000, 2, -1], [-1000, -1003, -1001], [1000, -1000, 0.5]], "float32"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"negative_slope": 0.3},
        {"max_value": 1.5},
        {"threshold": 0.7},
        {"negative_slope": 0.3, "max_value": 1.5, "threshold": 0.7},
    ],
    ids=["default", "slope", "largest value", "threshold", "all three"],
)
def test_relu_matches_keras(student, rng, close, settings):
    x = inputs_of(rng)
    close(student.relu(x, **settings), keras.activations.relu(x, **settings))


@pytest.mark.parametrize(
    "settings", [{}, {"negative_slope": 1.5}], ids=["default", "steep slope"]
)
def test_leaky_relu_matches_keras(student, rng, close, settings):
    x = inputs_of(rng)
    close(
        student.leaky_relu(x, **settings), keras.activations.leaky_relu(x, **settings)
    )


@pytest.mark.parametrize("approximate", [False, True], ids=["by erf", "by tanh"])
def test_gelu_matches_keras(student, rng, close, approximate):
    x = inputs_of(rng)
    expected = keras.activations.gelu(x, approximate=approximate)
    close(student.gelu(x, approximate=approximate), expected, tolerance=1e-5)


def test_silu_matches_keras(student, rng, close):
    x = inputs_of(rng)
    close(student.silu(x), keras.activations.silu(x))


@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_matches_keras_along_each_axis(student, rng, close, axis):
    x = inputs_of(rng)
    close(student.softmax(x, axis=axis), keras.activations.softmax(x, axis=axis))


@pytest.mark.parametrize("axis", [-1, 1])
def test_log_softmax_matches_keras_along_each_axis(student, rng, close, axis):
    x = inputs_of(rng)
    close(
        student.log_softmax(x, axis=axis), keras.activations.log_softmax(x, axis=axis)
    )


@EACH
def test_values_are_right_at_a_thousand(student, close, name):
    x = extremes()
    close(getattr(student, name)(x), DEFINITIONS[name](x.astype("float64")))


@EACH
def test_nan_is_not_hidden(student, rng, close, name):
    x = inputs_of(rng, (2, 3))
    expected = DEFINITIONS[name](x.astype("float64"))
    x[0, 1] = np.nan
    if "softmax" in name:
        expected[0] = np.nan  # it meets all scores of its row
    else:
        expected[0, 1] = np.nan
    close(getattr(student, name)(x), expected)


@EACH
def test_gradients_match_finite_differences(student, rng, close, name):
    x = np.concatenate([inputs_of(rng, (3, 3)), extremes()])
    upstream = rng.normal(size=x.shape)
    (found,), _ = student.gradients(getattr(student, name), x, upstream=upstream)
    wide, expected = x.astype("float64"), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        nudge = np.zeros_like(wide)
        nudge[place] = 1e-5
        up, down = (DEFINITIONS[name](wide + s * nudge) for s in (1, -1))
        expected[place] = np.sum(upstream * (up - down)) / 2e-5
    close(found, expected, "the gradient", category="wrong_gradient")
