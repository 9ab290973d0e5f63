"""Hidden checks of the metrics: shapes, states, graphs, bookkeeping."""

import keras
import numpy as np
import pytest


def top_k(student, *args, **kwargs):
    oracle = keras.metrics.SparseTopKCategoricalAccuracy(*args, **kwargs)
    return student.SparseTopKCategoricalAccuracy(*args, **kwargs), oracle


def counted(labels, guesses, weights, classes):
    matrix = np.zeros((classes, classes), "float32")
    for label, guess, weight in zip(
        labels.ravel(), guesses.ravel(), weights.ravel(), strict=True
    ):
        matrix[label, guess] += weight
    return matrix


def test_top_5_is_the_default(student, rng, close):
    labels, scores = (
        rng.integers(9, size=60),
        rng.normal(size=(60, 9)).astype("float32"),
    )
    metric, oracle = top_k(student)
    metric.update_state(labels, scores)
    oracle.update_state(labels, scores)
    close(metric.result(), oracle.result())


def test_more_guesses_than_classes_always_hit(student, rng, close):
    metric = student.SparseTopKCategoricalAccuracy(5)
    metric.update_state(rng.integers(3, size=8), rng.normal(size=(8, 3)))
    close(metric.result(), np.float32(1))


@pytest.mark.points(2)
def test_top_k_of_labelled_pixels(student, rng, close):
    labels, scores = (
        rng.integers(6, size=(2, 3, 4)),
        rng.normal(size=(2, 3, 4, 6)).astype("float32"),
    )
    metric, oracle = top_k(student, 2)
    metric.update_state(labels, scores)
    oracle.update_state(labels, scores)
    close(metric.result(), oracle.result())


def test_labels_may_have_an_axis_of_one(student, rng, close):
    labels, scores = (
        rng.integers(6, size=(9, 1)),
        rng.normal(size=(9, 6)).astype("float32"),
    )
    metric, oracle = top_k(student, 2)
    metric.update_state(labels, scores)
    oracle.update_state(labels, scores)
    close(metric.result(), oracle.result())
    matrix = student.ConfusionMatrix(6)
    matrix.update_state(labels, scores)
    close(matrix.result(), counted(labels, scores.argmax(axis=1), np.ones(9), 6))


@pytest.mark.points(2)
def test_both_begin_anew_after_a_reset(student, rng, close):
    labels = rng.integers(3, size=(2, 7))
    scores = rng.normal(size=(2, 7, 3)).astype("float32")
    metric, oracle = top_k(student, 1)
    matrix = student.ConfusionMatrix(3)
    for half in (0, 1):
        for one in (metric, oracle, matrix):
            one.reset_state()
            one.update_state(labels[half], scores[half])
    close(metric.result(), oracle.result())
    guesses = scores[1].argmax(axis=1)
    close(matrix.result(), counted(labels[1], guesses, np.ones(7), 3))


@pytest.mark.points(2)
def test_confusion_of_pixels_with_weights(student, rng, close):
    labels, scores = rng.integers(3, size=(2, 4, 5)), rng.normal(size=(2, 4, 5, 3))
    weights = rng.uniform(size=(2, 4, 5)).astype("float32")
    metric = student.ConfusionMatrix(3)
    metric.update_state(labels, scores, weights)
    close(metric.result(), counted(labels, scores.argmax(axis=-1), weights, 3))


@pytest.mark.points(2)
@pytest.mark.parametrize("sorted_ids", [False, True])
def test_top_k_in_a_graph_with_unknown_batch_size(student, rng, close, sorted_ids):
    labels, scores = rng.integers(5, size=7), rng.normal(size=(7, 5)).astype("float32")
    if sorted_ids:
        scores = np.argsort(-scores, axis=1).astype("float32")
    metric, oracle = top_k(student, 2, from_sorted_ids=sorted_ids)
    oracle.update_state(labels, scores)
    found = student.evaluated(scores, labels, metric, batch_size=3)
    close(found, float(oracle.result()), tolerance=1e-6)


@pytest.mark.points(2)
def test_confusion_in_a_graph_with_unknown_batch_size(student, rng, close):
    labels, scores = rng.integers(3, size=7), rng.normal(size=(7, 3)).astype("float32")
    metric = student.ConfusionMatrix(3)
    found = student.evaluated(scores, labels, metric, batch_size=3)
    close(found, counted(labels, scores.argmax(axis=1), np.ones(7), 3))


def test_configurations_make_the_same_metrics_again(student, rng, close):
    labels, ids = rng.integers(6, size=30), rng.permuted([range(6)] * 30, axis=1)
    metric, oracle = top_k(student, 3, from_sorted_ids=True)
    kind = student.SparseTopKCategoricalAccuracy
    copy = kind.from_config(metric.get_config())
    for one in (copy, oracle):
        one.update_state(labels, ids)
    close(copy.result(), oracle.result())
    matrix = student.ConfusionMatrix(6, sparse_y_pred=True)
    matrix = student.ConfusionMatrix.from_config(matrix.get_config())
    matrix.update_state(labels, ids[:, 0])
    close(matrix.result(), counted(labels, ids[:, 0], np.ones(30), 6))
