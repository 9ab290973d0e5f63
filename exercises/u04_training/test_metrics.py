"""Public checks of the metrics: Keras's own, and counting in loops."""

import keras
import numpy as np
import pytest


def batches(rng, sizes=(4, 7, 1), classes=5):
    """Labels, scores and weights, batch by batch."""
    for size in sizes:
        labels = rng.integers(classes, size=size)
        scores = rng.normal(size=(size, classes)).astype("float32")
        yield labels, scores, rng.uniform(0.1, 1, size=size).astype("float32")


def counted(labels, guesses, weights, classes):
    """A confusion matrix by a loop."""
    matrix = np.zeros((classes, classes), "float32")
    for label, guess, weight in zip(labels, guesses, weights, strict=True):
        matrix[label, guess] += weight
    return matrix


def top_k(student, *args, **kwargs):
    """The submission's metric and Keras's."""
    oracle = keras.metrics.SparseTopKCategoricalAccuracy(*args, **kwargs)
    return student.SparseTopKCategoricalAccuracy(*args, **kwargs), oracle


@pytest.mark.points(2)
@pytest.mark.parametrize("k", [1, 2, 4])
def test_top_k_matches_keras_on_one_batch(student, rng, close, k):
    metric, oracle = top_k(student, k)
    labels, scores, _ = next(batches(rng, [40]))
    metric.update_state(labels, scores)
    oracle.update_state(labels, scores)
    close(metric.result(), oracle.result(), "the share of hits")


@pytest.mark.points(2)
def test_top_k_counts_examples_and_not_batches(student, rng, close):
    metric, oracle = top_k(student, 2)
    for labels, scores, _ in batches(rng, (9, 5, 1)):
        metric.update_state(labels, scores)
        oracle.update_state(labels, scores)
        close(metric.result(), oracle.result(), "the share of hits so far")


def test_top_k_weighs_examples(student, rng, close):
    metric, oracle = top_k(student, 2)
    for labels, scores, weights in batches(rng, (6, 5)):
        metric.update_state(labels, scores, weights)
        oracle.update_state(labels, scores, sample_weight=weights)
    close(metric.result(), oracle.result(), "the weighted share of hits")


def test_top_k_keeps_a_sum_and_a_count(student, rng, close, equal):
    metric, oracle = top_k(student, 2)
    for labels, scores, weights in batches(rng):
        metric.update_state(labels, scores, weights)
        oracle.update_state(labels, scores, sample_weight=weights)
    found = metric.variables
    equal(len(found), 2, "the number of variables")
    close(found[0], oracle.total, "total", category="wrong_state")
    close(found[1], oracle.count, "count", category="wrong_state")


@pytest.mark.points(2)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_is_generous_with_ties(student, close, k):
    metric, oracle = top_k(student, k)
    scores = np.array(
        [[1, 1, 1, 0], [3, 2, 2, 1], [3, 2, 2, 1], [0, 0, 0, 5]], "float32"
    )
    labels = np.array([2, 1, 2, 0])
    metric.update_state(labels, scores)
    oracle.update_state(labels, scores)
    close(metric.result(), oracle.result(), "the share of hits")


def test_top_k_takes_classes_in_order(student, rng, close):
    metric, oracle = top_k(student, 2, from_sorted_ids=True)
    labels, scores, _ = next(batches(rng, [30]))
    order = np.argsort(-scores, axis=1)[:, :3]
    metric.update_state(labels, order)
    oracle.update_state(labels, order)
    close(metric.result(), oracle.result(), "the share of hits")


def test_top_k_of_nothing_is_0(student, rng, close):
    metric, _ = top_k(student, 2)
    close(metric.result(), np.float32(0), "the result before the first batch")
    metric.update_state(np.array([1]), np.array([[0, 1, 0]], "float32"))
    close(metric.result(), np.float32(1), "the result after a hit")


@pytest.mark.points(2)
def test_confusion_has_a_row_for_each_true_class(student, rng, close):
    labels, scores, weights = next(batches(rng, [25], classes=3))
    metric = student.ConfusionMatrix(3)
    metric.update_state(labels, scores)
    expected = counted(labels, scores.argmax(axis=1), np.ones_like(weights), 3)
    close(metric.result(), expected, "the matrix")


@pytest.mark.points(2)
def test_confusion_adds_up_over_batches(student, rng, close):
    metric, expected = student.ConfusionMatrix(4), 0
    for labels, scores, weights in batches(rng, (9, 6, 1), classes=4):
        metric.update_state(labels, scores)
        guesses = scores.argmax(axis=1)
        expected = expected + counted(labels, guesses, np.ones_like(weights), 4)
        close(metric.result(), expected, "the matrix so far")


def test_confusion_weighs_examples(student, rng, close):
    labels, scores, weights = next(batches(rng, [25], classes=3))
    metric = student.ConfusionMatrix(3)
    metric.update_state(labels, scores, weights)
    close(
        metric.result(),
        counted(labels, scores.argmax(axis=1), weights, 3),
        "the matrix",
    )


def test_confusion_takes_classes_instead_of_scores(student, rng, close):
    labels, guesses = rng.integers(4, size=(2, 30))
    metric = student.ConfusionMatrix(4, sparse_y_pred=True)
    metric.update_state(labels, guesses)
    close(metric.result(), counted(labels, guesses, np.ones(30), 4), "the matrix")
