"""Public checks of the three losses.

The oracles are Keras's losses for the values and finite differences of the formula for
the gradients.
"""

import math

import keras
import numpy as np
import pytest

KERAS = {
    "L2": keras.losses.MeanSquaredError,
    "BinaryCrossEntropy": keras.losses.BinaryCrossentropy,
    "CategoricalCrossEntropy": keras.losses.CategoricalCrossentropy,
}


def case(name, rng, batch=3, width=4):
    """Targets and predictions as the loss expects them, float64."""
    if name == "L2":
        y_true, y_pred = rng.normal(size=(2, batch, width))
    elif name == "BinaryCrossEntropy":
        y_true = rng.integers(0, 2, size=(batch, width)).astype("float64")
        y_pred = rng.uniform(0.05, 0.95, size=(batch, width))
    else:
        y_true = np.eye(width)[rng.integers(0, width, size=batch)]
        y_pred = rng.uniform(0.2, 1, size=(batch, width))
        y_pred /= y_pred.sum(axis=-1, keepdims=True)
    return y_true, y_pred


def by_hand(name, y_true, y_pred):
    """The loss, term by term in float64; no clipping."""
    batch = len(y_pred)
    pairs = list(zip(y_true.ravel().tolist(), y_pred.ravel().tolist(), strict=True))
    if name == "L2":
        return sum((p - t) ** 2 for t, p in pairs) / len(pairs)
    if name == "BinaryCrossEntropy":
        surprises = (t * math.log(p) + (1 - t) * math.log(1 - p) for t, p in pairs)
        return -sum(surprises) / len(pairs)
    return -sum(t * math.log(p) for t, p in pairs) / batch


def slopes(name, y_true, y_pred, step=1e-6):
    """∂L/∂y_pred by central differences, one number after the other."""
    gradient = np.zeros(y_pred.shape)
    for place in np.ndindex(y_pred.shape):
        nudge = np.zeros(y_pred.shape)
        nudge[place] = step
        rise = by_hand(name, y_true, y_pred + nudge)
        rise -= by_hand(name, y_true, y_pred - nudge)
        gradient[place] = rise / (2 * step)
    return gradient


@pytest.mark.points(2)
@pytest.mark.parametrize("name", KERAS)
def test_value_matches_keras(student, rng, close, name):
    y_true, y_pred = case(name, rng)
    expected = float(KERAS[name]()(y_true, y_pred))
    loss = getattr(student, name)()
    close(loss.forward(y_true, y_pred), expected, "the loss", tolerance=1e-5)


@pytest.mark.points(2)
@pytest.mark.parametrize("name", KERAS)
def test_gradient_matches_finite_differences(student, rng, close, name):
    y_true, y_pred = case(name, rng)
    loss = getattr(student, name)()
    loss.forward(y_true, y_pred)
    expected = slopes(name, y_true, y_pred)
    close(loss.backward(), expected, "∂L/∂y_pred", category="wrong_gradient")


def test_binary_cross_entropy_survives_0_and_1(student, close):
    y_true = np.array([[0.0, 1.0, 0.0, 1.0]])
    y_pred = np.array([[0.0, 1.0, 1.0, 0.0]])
    loss = student.BinaryCrossEntropy()
    clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
    expected = by_hand("BinaryCrossEntropy", y_true, clipped)
    close(loss.forward(y_true, y_pred), expected, "the loss")
    expected = [[1 / (1 - 1e-7), -1 / (1 - 1e-7), 1e7, -1e7]] / np.array(4.0)
    close(loss.backward(), expected, "∂L/∂y_pred", category="wrong_gradient")


def test_categorical_cross_entropy_survives_0_and_1(student, close):
    y_true = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    y_pred = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    loss = student.CategoricalCrossEntropy()
    clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
    expected = by_hand("CategoricalCrossEntropy", y_true, clipped)
    close(loss.forward(y_true, y_pred), expected, "the loss")
    expected = [[0, -1e7, 0], [0, 0, -1 / (1 - 1e-7)]] / np.array(2.0)
    close(loss.backward(), expected, "∂L/∂y_pred", category="wrong_gradient")


@pytest.mark.parametrize("name", KERAS)
def test_float32_stays_float32(student, rng, close, name):
    y_true, y_pred = (array.astype("float32") for array in case(name, rng))
    loss = getattr(student, name)()
    expected = by_hand(name, y_true, y_pred)
    close(loss.forward(y_true, y_pred), expected, "the loss", tolerance=1e-4)
    wide = (array.astype("float64") for array in (y_true, y_pred))
    expected = slopes(name, *wide).astype("float32")
    close(loss.backward(), expected, "∂L/∂y_pred", category="wrong_gradient")
