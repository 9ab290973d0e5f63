"""Public checks of the loss: Keras's own where it can do the same, else loops."""

import math

import keras
import numpy as np
import pytest

KINDS = {"logits": True, "probabilities": False}
kinds = pytest.mark.parametrize("kind", KINDS)


def a_batch(rng, kind, classes=4, examples=6):
    """Labels, and predictions; the probabilities don't quite sum to 1."""
    labels = rng.integers(classes, size=examples)
    scores = rng.normal(size=(examples, classes)).astype("float32")
    if kind == "probabilities":
        scores = rng.uniform(0.05, 1, size=(examples, classes)).astype("float32")
    return labels, scores


def by_loops(labels, predictions, from_logits, smoothing):
    """One loss an example, in Python's own numbers."""
    losses = []
    for label, row in zip(labels, predictions.astype("float64").tolist(), strict=True):
        total = sum(math.exp(z) if from_logits else z for z in row)
        logs = [(z if from_logits else math.log(z)) - math.log(total) for z in row]
        even = smoothing / len(row)
        losses.append(
            -sum(
                (even + (1 - smoothing) * (c == label)) * log
                for c, log in enumerate(logs)
            )
        )
    return np.array(losses, "float32")


def both(student, **settings):
    loss = student.SparseCategoricalCrossentropy(**settings)
    return loss, keras.losses.SparseCategoricalCrossentropy(**settings)


@pytest.mark.points(2)
@kinds
def test_matches_keras_example_by_example(student, rng, close, kind):
    labels, predictions = a_batch(rng, kind)
    loss, oracle = both(student, from_logits=KINDS[kind], reduction=None)
    close(loss(labels, predictions), oracle(labels, predictions), "the losses")


@kinds
def test_the_mean_matches_keras(student, rng, close, kind):
    labels, predictions = a_batch(rng, kind)
    loss, oracle = both(student, from_logits=KINDS[kind])
    close(loss(labels, predictions), oracle(labels, predictions), "the mean")


@pytest.mark.points(2)
@kinds
@pytest.mark.parametrize("smoothing", [0.1, 0.6, 1.0])
def test_smooths_labels(student, rng, close, kind, smoothing):
    labels, predictions = a_batch(rng, kind)
    loss = student.SparseCategoricalCrossentropy(
        from_logits=KINDS[kind], label_smoothing=smoothing, reduction=None
    )
    expected = by_loops(labels, predictions, KINDS[kind], smoothing)
    close(loss(labels, predictions), expected, "the losses")


@pytest.mark.points(2)
@pytest.mark.parametrize("size", [90.0, 1000.0])
def test_large_scores_do_not_overflow(student, rng, close, size):
    labels, scores = a_batch(rng, "logits")
    scores = scores + rng.choice([-size, 0, size], size=scores.shape).astype("float32")
    loss, oracle = both(student, from_logits=True, reduction=None)
    close(loss(labels, scores), oracle(labels, scores), "the losses")


def test_a_probability_of_0_costs_a_finite_loss(student, close):
    labels, p = np.array([0, 1]), np.array([[0, 1, 0], [0, 1, 0]], "float32")
    loss, oracle = both(student, reduction=None)
    close(loss(labels, p), oracle(labels, p), "the losses")


@pytest.mark.points(2)
@kinds
def test_classes_may_lie_on_another_axis(student, rng, close, kind):
    labels = rng.integers(3, size=(2, 4))
    predictions = rng.uniform(0.1, 1, size=(2, 3, 4)).astype("float32")
    settings = {"from_logits": KINDS[kind], "reduction": None, "axis": 1}
    loss = student.SparseCategoricalCrossentropy(**settings, label_smoothing=0.3)
    rows = np.moveaxis(predictions, 1, -1).reshape(-1, 3)
    expected = by_loops(labels.ravel(), rows, KINDS[kind], 0.3).reshape(2, 4)
    close(loss(labels, predictions), expected, "the losses")


def test_an_ignored_class_costs_nothing(student, rng, close):
    labels, scores = a_batch(rng, "logits")
    labels[[1, 4]] = -1
    loss, oracle = both(student, from_logits=True, ignore_class=-1)
    close(loss(labels, scores), oracle(labels, scores), "the mean")


@pytest.mark.points(2)
def test_the_gradient_is_what_the_prediction_lacks(student, rng, close):
    labels, scores = a_batch(rng, "logits")
    loss = student.SparseCategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2, reduction="sum"
    )
    (found,), _ = student.gradients(loss, labels, scores)
    p = np.exp(scores.astype("float64"))
    p /= p.sum(axis=1, keepdims=True)
    expected = p - (0.8 * np.eye(4)[labels] + 0.05)
    close(found, expected, "the gradient of the scores", category="wrong_gradient")
