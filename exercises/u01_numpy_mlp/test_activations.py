"""Public checks of the four activations.

Forwards, the oracle is the formula, one number at a time; backwards, finite differences
of the formula.
"""

import math

import numpy as np
import pytest

NAMES = ["ReLU", "Sigmoid", "Tanh", "Softmax"]


def by_hand(name, x):
    """The activation in float64."""
    x = x.astype("float64")
    if name == "Softmax":
        rows = x.reshape(-1, x.shape[-1])
        weights = [[math.exp(score - max(row)) for score in row] for row in rows]
        y = [[weight / sum(row) for weight in row] for row in weights]
        return np.reshape(y, x.shape)
    formula = {
        "ReLU": lambda number: max(number, 0.0),
        "Sigmoid": lambda number: (1 + math.tanh(number / 2)) / 2,
        "Tanh": math.tanh,
    }[name]
    return np.reshape([formula(number) for number in x.flat], x.shape)


def slopes(name, x, dy, step=1e-5):
    """∂(Σ dy · y)/∂x by central differences, one number of x after the other."""
    dx = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = step
        rise = by_hand(name, x + nudge) - by_hand(name, x - nudge)
        dx[place] = np.sum(dy * rise) / (2 * step)
    return dx


def inputs_away_from_0(rng, shape):
    """Numbers on both sides of 0, where ReLU bends, and none close to it."""
    return rng.choice([-1, 1], size=shape) * rng.uniform(0.1, 2, size=shape)


@pytest.mark.parametrize("name", NAMES)
def test_forward_matches_the_formula(student, rng, close, name):
    x = inputs_away_from_0(rng, (2, 5))
    close(getattr(student, name)().forward(x), by_hand(name, x))


@pytest.mark.points(2)
@pytest.mark.parametrize("name", NAMES)
def test_backward_matches_finite_differences(student, rng, close, name):
    x = inputs_away_from_0(rng, (2, 5))
    dy = rng.normal(size=(2, 5))
    activation = getattr(student, name)()
    activation.forward(x)
    close(
        activation.backward(dy), slopes(name, x, dy), "∂L/∂x", category="wrong_gradient"
    )


@pytest.mark.parametrize("name", ["Sigmoid", "Softmax"])
def test_survives_numbers_as_large_as_1000(student, rng, close, name):
    x = rng.choice([-1000.0, 1000.0], size=(2, 4)) + rng.normal(size=(2, 4))
    x[:, 0], x[:, 1] = 1000, -1000
    close(getattr(student, name)().forward(x), by_hand(name, x))


def test_relu_has_slope_0_at_0(student, rng, close):
    x = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, -3.0]])
    dy = rng.normal(size=(2, 3))
    relu = student.ReLU()
    relu.forward(x)
    close(relu.backward(dy), dy * [[0, 1, 0], [1, 0, 0]], category="wrong_gradient")


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(student, rng, close, name):
    x = inputs_away_from_0(rng, (3, 4)).astype("float32")
    dy = rng.normal(size=(3, 4)).astype("float32")
    activation = getattr(student, name)()
    close(activation.forward(x), by_hand(name, x).astype("float32"), "y")
    expected = slopes(name, x.astype("float64"), dy).astype("float32")
    close(activation.backward(dy), expected, "∂L/∂x", category="wrong_gradient")
