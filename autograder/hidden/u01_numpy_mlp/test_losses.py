"""Hidden checks of the three losses: small batches, soft targets, memory, shapes."""

import math

import numpy as np
import pytest

NAMES = ["L2", "BinaryCrossEntropy", "CategoricalCrossEntropy"]


def by_hand(name, y_true, y_pred, epsilon=1e-7):
    """The loss and its gradient, number by number in float64."""
    batch, width = y_pred.shape
    total, gradient = 0.0, np.zeros(y_pred.shape)
    for i, j in np.ndindex(y_pred.shape):
        t, p = float(y_true[i, j]), float(y_pred[i, j])
        if name == "L2":
            total += (p - t) ** 2 / (batch * width)
            gradient[i, j] = 2 * (p - t) / (batch * width)
            continue
        p = min(max(p, epsilon), 1 - epsilon)
        if name == "BinaryCrossEntropy":
            total -= (t * math.log(p) + (1 - t) * math.log(1 - p)) / (batch * width)
            gradient[i, j] = ((1 - t) / (1 - p) - t / p) / (batch * width)
        else:
            total -= t * math.log(p) / batch
            gradient[i, j] = -t / p / batch
    return total, gradient


def probabilities(rng, *shape):
    scores = rng.uniform(0.2, 1, size=shape)
    return scores / scores.sum(axis=-1, keepdims=True)


def judge(close, loss, name, y_true, y_pred, **options):
    value, gradient = by_hand(name, y_true, y_pred, **options)
    close(loss.forward(y_true, y_pred), value, "the loss")
    close(loss.backward(), gradient, "∂L/∂y_pred", category="wrong_gradient")


@pytest.mark.parametrize("name", NAMES)
def test_soft_targets(student, rng, close, name):
    y_true, y_pred = probabilities(rng, 2, 5, 3)
    judge(close, getattr(student, name)(), name, y_true, y_pred)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_one(student, rng, close, name):
    y_true, y_pred = probabilities(rng, 2, 1, 4)
    judge(close, getattr(student, name)(), name, y_true, y_pred)


@pytest.mark.parametrize("name", ["L2", "BinaryCrossEntropy"])
def test_a_single_output(student, rng, close, name):
    y_true = rng.integers(0, 2, size=(4, 1)).astype("float64")
    y_pred = rng.uniform(0.1, 0.9, size=(4, 1))
    judge(close, getattr(student, name)(), name, y_true, y_pred)


@pytest.mark.parametrize("name", NAMES[1:])
def test_clips_at_the_epsilon_it_is_given(student, rng, close, name):
    y_true = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    y_pred = np.array([[0.5, 0.01, 0.49], [0.3, 0.7, 0.0], [0.02, 0.0, 0.98]])
    loss = getattr(student, name)(epsilon=0.1)
    judge(close, loss, name, y_true, y_pred, epsilon=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_backward_belongs_to_the_latest_forward(student, rng, close, name):
    loss = getattr(student, name)()
    y_true, y_pred = probabilities(rng, 2, 3, 2)
    loss.forward(y_true, y_pred)
    y_true, y_pred = probabilities(rng, 2, 4, 3)
    judge(close, loss, name, y_true, y_pred)
    _, gradient = by_hand(name, y_true, y_pred)
    close(loss.backward(), gradient, "∂L/∂y_pred, asked for a second time")


@pytest.mark.parametrize("name", NAMES)
def test_leaves_its_arguments_as_they_are(student, rng, close, name):
    y_true, y_pred = np.eye(3)[[2, 0]], np.eye(3)[[2, 1]]
    loss = getattr(student, name)()
    after = student.arguments_after(loss.forward, y_true, y_pred)
    close(after[0], y_true, "y_true after forward")
    close(after[1], y_pred, "y_pred after forward")


@pytest.mark.parametrize("name", NAMES)
def test_refuses_shapes_that_differ(student, rng, close, raises, name):
    loss = getattr(student, name)()
    y_true, y_pred = probabilities(rng, 2, 3, 2)
    judge(close, loss, name, y_true, y_pred)
    raises(ValueError, loss.forward, y_true[:, 0], y_pred[:, :1])
