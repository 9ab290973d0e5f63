"""Hidden checks of the loss: weights, shapes, precision, graphs, bookkeeping."""

import keras
import numpy as np
import pytest


def both(student, **settings):
    loss = student.SparseCategoricalCrossentropy(**settings)
    return loss, keras.losses.SparseCategoricalCrossentropy(**settings)


def a_batch(rng, shape=(5,), classes=3):
    labels = rng.integers(classes, size=shape)
    return labels, rng.normal(size=(*shape, classes)).astype("float32")


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", None])
def test_weights_of_examples_count(student, rng, close, reduction):
    labels, scores = a_batch(rng)
    weights = rng.uniform(size=5).astype("float32")
    loss, oracle = both(student, from_logits=True, reduction=reduction)
    close(loss(labels, scores, weights), oracle(labels, scores, weights))


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(1,), (2, 3, 4)], ids=str)
def test_a_label_for_every_pixel_and_a_batch_of_one(student, rng, close, shape):
    labels, scores = a_batch(rng, shape)
    loss, oracle = both(student, from_logits=True, reduction=None)
    close(loss(labels, scores), oracle(labels, scores))


def test_labels_may_have_an_axis_of_one(student, rng, close):
    labels, scores = a_batch(rng)
    loss, oracle = both(student, from_logits=True, reduction=None)
    close(loss(labels[:, None], scores), oracle(labels[:, None], scores))


def test_two_classes_and_certain_probabilities(student, close):
    labels = np.array([0, 1, 1])
    p = np.array([[1, 0], [1, 0], [0.25, 0.75]], "float32")
    loss, oracle = both(student, reduction=None)
    close(loss(labels, p), oracle(labels, p))


def test_a_class_that_is_ruled_out_leaves_the_loss_finite(student, close):
    labels = np.array([0, 2])
    scores = np.array([[1, -np.inf, 2], [-np.inf, 0, 3]], "float32")
    loss, oracle = both(student, from_logits=True, reduction=None)
    close(loss(labels, scores), oracle(labels, scores))


@pytest.mark.points(2)
@pytest.mark.parametrize("ignored", [0, -1, 255])
def test_ignored_labels_reach_neither_mean_nor_gradient(student, rng, close, ignored):
    labels, scores = a_batch(rng, (2, 5))
    labels[0, :2] = labels[1, 3] = ignored
    settings = {"from_logits": True, "ignore_class": ignored}
    loss, oracle = both(student, **settings)
    close(loss(labels, scores), oracle(labels, scores))
    (found,), _ = student.gradients(loss, labels, scores)
    counted = labels != ignored
    p = np.exp(scores.astype("float64"))
    p /= p.sum(axis=-1, keepdims=True)
    right = np.eye(3)[np.where(counted, labels, 0)]
    expected = (p - right) * counted[..., None] / counted.sum()
    close(found, expected, "the gradient", category="wrong_gradient")


def test_float64_is_computed_in_float64(student, rng, close):
    labels, scores = a_batch(rng)
    scores = scores.astype("float64")
    loss = student.SparseCategoricalCrossentropy(
        from_logits=True, reduction=None, dtype="float64"
    )
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    close(loss(labels, scores), -logs[np.arange(5), labels], tolerance=1e-9)


def test_a_configuration_makes_the_same_loss_again(student, rng, close):
    labels, scores = a_batch(rng)
    settings = {"from_logits": True, "label_smoothing": 0.3, "reduction": "sum"}
    loss = student.SparseCategoricalCrossentropy(**settings)
    copy = student.SparseCategoricalCrossentropy.from_config(loss.get_config())
    z = scores.astype("float64")
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    expected = -0.7 * logs[np.arange(5), labels].sum() - 0.1 * logs.sum()
    close(copy(labels, scores), np.float32(expected))


@pytest.mark.points(2)
def test_trains_a_layer_in_a_compiled_model(student, rng, close):
    labels, x = rng.integers(3, size=5), rng.normal(size=(5, 4)).astype("float32")
    kernel = rng.normal(size=(4, 3)).astype("float32")
    layer = student.imported("keras.src.layers.Dense")(3, use_bias=False)
    layer.build((None, 4))
    layer.set_weights([kernel])
    loss = student.SparseCategoricalCrossentropy(from_logits=True)
    student.trained(layer, x, labels, batch_size=5, learning_rate=0.5,
                    optimizer="sgd", loss=loss)  # fmt: skip
    p = np.exp(x @ kernel.astype("float64"))
    p /= p.sum(axis=1, keepdims=True)
    expected = kernel - 0.5 * x.T @ (p - np.eye(3)[labels]) / 5
    close(layer.get_weights()[0], expected, "the kernel after one step")


def test_refuses_a_smoothing_outside_0_and_1(student, rng, close, raises):
    labels, scores = a_batch(rng)
    loss, oracle = both(student, from_logits=True)
    close(loss(labels, scores), oracle(labels, scores))
    kind = student.SparseCategoricalCrossentropy
    raises(ValueError, kind, label_smoothing=-0.1)
    raises(ValueError, kind, label_smoothing=1.5)
