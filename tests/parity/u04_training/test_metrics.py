"""The metrics against Keras's, and against scikit-learn."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u04_training.metrics import (
    ConfusionMatrix,
    SparseTopKCategoricalAccuracy,
)

Keras = keras.metrics.SparseTopKCategoricalAccuracy


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.mark.parametrize("shape", [(9,), (1,), (4, 1), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 3])
def test_top_k_matches_keras(rng, k, weighted, shape):
    ours, theirs = SparseTopKCategoricalAccuracy(k), Keras(k)
    examples = shape if shape != (4, 1) else (4,)
    for _ in range(3):
        labels = rng.integers(6, size=shape)
        scores = rng.integers(4, size=(*examples, 6)).astype("float32")  # with ties
        weights = rng.uniform(size=shape).astype("float32") if weighted else None
        for metric in (ours, theirs):
            metric.update_state(labels, scores, weights)
        np.testing.assert_allclose(
            as_array(ours.result()), as_array(theirs.result()), rtol=1e-5
        )
    names = [v.name for v in theirs.variables]
    assert [v.name for v in ours.variables] == names == ["total", "count"]
    if len(shape) == 3:
        return  # Keras averages the pixels of an image first; the quotient is the same
    for one, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(as_array(one), as_array(other), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_predictions_of_other_precisions(rng, dtype):
    labels, scores = rng.integers(6, size=20), rng.normal(size=(20, 6))
    scores = ops.cast(scores, dtype)
    ours, theirs = SparseTopKCategoricalAccuracy(2), Keras(2)
    wide = ops.cast(scores, "float32")  # all that Keras takes on TensorFlow
    np.testing.assert_allclose(float(ours(labels, scores)), float(theirs(labels, wide)))


def test_top_k_and_confusion_match_scikit_learn(rng):
    sklearn = pytest.importorskip("sklearn.metrics")
    labels, scores = rng.integers(5, size=90), rng.normal(size=(90, 5))
    weights = rng.uniform(size=90)
    for k in (1, 2, 4):
        found = SparseTopKCategoricalAccuracy(k)(labels, scores, weights)
        expected = sklearn.top_k_accuracy_score(
            labels, scores, k=k, sample_weight=weights, labels=range(5)
        )
        np.testing.assert_allclose(float(found), expected, rtol=1e-5)
    metric = ConfusionMatrix(5)
    for part in (slice(0, 40), slice(40, 90)):
        metric.update_state(labels[part], scores[part], weights[part])
    expected = sklearn.confusion_matrix(
        labels, scores.argmax(axis=1), sample_weight=weights
    )
    np.testing.assert_allclose(as_array(metric.result()), expected, rtol=1e-5)


def test_confusion_agrees_with_the_matrix_inside_keras_iou(rng):
    ours = ConfusionMatrix(4)
    theirs = keras.metrics.MeanIoU(4, sparse_y_pred=False)
    labels, scores = rng.integers(4, size=(3, 5, 5)), rng.normal(size=(3, 5, 5, 4))
    ours.update_state(labels, scores)
    theirs.update_state(labels, scores)
    np.testing.assert_allclose(as_array(ours.result()), as_array(theirs.total_cm))


def test_one_weight_for_an_image(rng):
    labels, scores = rng.integers(3, size=(2, 4, 5)), rng.normal(size=(2, 4, 5, 3))
    wide = np.broadcast_to(np.array([0.5, 2.0])[:, None, None], labels.shape)
    for kind in (ConfusionMatrix, SparseTopKCategoricalAccuracy):
        one, other = kind(3), kind(3)
        one.update_state(labels, scores, np.array([0.5, 2.0]))
        other.update_state(labels, scores, wide)
        np.testing.assert_allclose(as_array(one.result()), as_array(other.result()))


def test_is_called_and_configured_like_keras():
    ours = SparseTopKCategoricalAccuracy
    assert str(inspect.signature(ours)) == str(inspect.signature(Keras))
    for args in ({}, {"k": 3, "from_sorted_ids": True, "name": "x"}):
        assert ours(**args).get_config() == Keras(**args).get_config()
    copy = keras.metrics.deserialize(keras.metrics.serialize(ConfusionMatrix(4)))
    assert copy.get_config() == ConfusionMatrix(4).get_config()


@pytest.mark.parametrize("compiler", [False, True])
def test_fits_evaluates_and_survives_a_file(rng, compiler, tmp_path):
    x, y = rng.normal(size=(17, 3)).astype("float32"), rng.integers(4, size=17)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    metrics = [SparseTopKCategoricalAccuracy(2), ConfusionMatrix(4)]
    jit = compiler and keras.backend.backend() == "tensorflow"
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=metrics, jit_compile=jit)
    model.fit(x, y, batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    for one in (model, keras.models.load_model(tmp_path / "model.keras")):
        found = one.evaluate(x, y, batch_size=5, verbose=0, return_dict=True)
        hits = Keras(2)(y, one.predict(x, verbose=0))
        name = "sparse_top_k_categorical_accuracy"
        np.testing.assert_allclose(found[name], float(hits), rtol=1e-5)
        guesses = one.predict(x, verbose=0).argmax(axis=1)
        matrix = np.zeros((4, 4))
        np.add.at(matrix, (y, guesses), 1)
        np.testing.assert_allclose(as_array(found["confusion_matrix"]), matrix)
