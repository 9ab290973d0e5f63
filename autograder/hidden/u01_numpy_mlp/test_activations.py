"""Hidden checks of the four activations: extremes, other ranks, memory."""

import math

import numpy as np
import pytest

NAMES = ["ReLU", "Sigmoid", "Tanh", "Softmax"]


def by_hand(name, x):
    """y and the Jacobian's product with dy, as a function, row by row in float64."""
    rows = x.astype("float64").reshape(-1, x.shape[-1])
    y = np.array([_row(name, row) for row in rows])

    def pull_back(dy):
        slopes = {
            "ReLU": lambda p: np.diag((p > 0).astype("float64")),
            "Sigmoid": lambda p: np.diag(p * (1 - p)),
            "Tanh": lambda p: np.diag(1 - p * p),
            "Softmax": lambda p: np.diag(p) - np.outer(p, p),
        }[name]
        rows = zip(y, dy.reshape(y.shape), strict=True)
        return np.array([slopes(p) @ d for p, d in rows]).reshape(x.shape)

    return y.reshape(x.shape), pull_back


def _row(name, row):
    if name == "Softmax":
        weights = [math.exp(score - max(row)) for score in row]
        return [weight / sum(weights) for weight in weights]
    return {
        "ReLU": [max(number, 0.0) for number in row],
        "Sigmoid": [(1 + math.tanh(number / 2)) / 2 for number in row],
        "Tanh": [math.tanh(number) for number in row],
    }[name]


@pytest.mark.parametrize("name", NAMES)
def test_three_axes(student, rng, close, name):
    x, dy = rng.normal(size=(2, 3, 2, 4))
    y, pull_back = by_hand(name, x)
    activation = getattr(student, name)()
    close(activation.forward(x), y, "y")
    close(activation.backward(dy), pull_back(dy), "∂L/∂x", category="wrong_gradient")


@pytest.mark.parametrize("name", NAMES)
def test_gradients_at_1000_are_finite(student, rng, close, name):
    x = rng.choice([-1000.0, 1000.0], size=(3, 4))
    x[0] = [1000, -1000, 0, 1]
    dy = rng.normal(size=(3, 4))
    y, pull_back = by_hand(name, x)
    activation = getattr(student, name)()
    close(activation.forward(x), y, "y")
    close(activation.backward(dy), pull_back(dy), "∂L/∂x", category="wrong_gradient")


@pytest.mark.parametrize("name", NAMES)
def test_backward_belongs_to_the_latest_forward(student, rng, close, name):
    first, second, dy, other_dy = rng.normal(size=(4, 2, 3))
    activation = getattr(student, name)()
    activation.forward(first)
    activation.forward(second)
    _, pull_back = by_hand(name, second)
    for upstream in (dy, other_dy):
        close(
            activation.backward(upstream),
            pull_back(upstream),
            "∂L/∂x",
            category="wrong_gradient",
        )


@pytest.mark.parametrize("name", NAMES)
def test_two_of_a_kind_keep_apart(student, rng, close, name):
    x, other, dy = rng.normal(size=(3, 2, 3))
    activation, neighbour = getattr(student, name)(), getattr(student, name)()
    activation.forward(x)
    neighbour.forward(other)
    _, pull_back = by_hand(name, x)
    close(activation.backward(dy), pull_back(dy), "∂L/∂x", category="wrong_gradient")


@pytest.mark.parametrize("name", NAMES)
def test_leaves_its_arguments_as_they_are(student, rng, close, name):
    x, dy = rng.normal(size=(2, 1, 4))
    activation = getattr(student, name)()
    close(student.arguments_after(activation.forward, x)[0], x, "x after forward")
    close(student.arguments_after(activation.backward, dy)[0], dy, "dy after backward")
