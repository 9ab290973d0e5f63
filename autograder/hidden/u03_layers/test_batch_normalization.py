"""Hidden checks of BatchNormalization: defaults, graphs, precisions, hard batches."""

import numpy as np
import pytest


def filled(student, rng, shape, **kwargs):
    """The student's layer with random weights, and those weights in float64."""
    layer = student.BatchNormalization(**kwargs)
    layer.build(shape)
    count = len(layer.get_weights())
    features = shape[kwargs.get("axis", -1)]
    values = rng.uniform(0.5, 2, size=(count, features)).astype("float32")
    layer.set_weights(list(values))
    return layer, values.astype("float64")


def normalized(x, gamma, beta, mean, variance, epsilon=1e-3):
    """Algorithm 1 of the paper for features on the last axis, in float64."""
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def of_batch(x, axis=-1):
    """Mean and biased variance of each feature."""
    rows = np.moveaxis(x.astype("float64"), axis, -1).reshape(-1, x.shape[axis])
    return rows.mean(axis=0), rows.var(axis=0)


@pytest.mark.points(2)
def test_has_the_defaults_of_keras(student, rng, close):
    x = 0.05 * rng.normal(size=(6, 3)).astype("float32")
    layer, (gamma, beta, mean, variance) = filled(student, rng, x.shape)
    close(layer(x), normalized(x, gamma, beta, mean, variance))
    own = of_batch(x)
    close(layer(x, training=True), normalized(x, gamma, beta, *own))
    expected = [0.99 * mean + 0.01 * own[0], 0.99 * variance + 0.01 * own[1]]
    close(layer.get_weights()[-2:], expected, "the moving mean and variance",
          category="wrong_state", tolerance=1e-5)  # fmt: skip


def test_starts_with_the_initializers_it_is_given(student, close):
    def constant(value):
        return {"class_name": "Constant", "config": {"value": value}}

    layer = student.BatchNormalization(
        gamma_initializer=constant(2.0),
        beta_initializer=constant(3.0),
        moving_mean_initializer=constant(4.0),
        moving_variance_initializer=constant(5.0),
    )
    layer.build((None, 3))
    expected = np.repeat([[2], [3], [4], [5]], 3, axis=1).astype("float32")
    close(layer.get_weights(), expected, "the weights at the start",
          category="wrong_state")  # fmt: skip
    layer = student.BatchNormalization()
    layer.build((None, 3))
    expected = np.repeat([[1], [0], [0], [1]], 3, axis=1).astype("float32")
    close(layer.get_weights(), expected, "the weights at the start by default",
          category="wrong_state")  # fmt: skip


@pytest.mark.points(2)
def test_a_batch_of_one_becomes_beta_in_training(student, rng, close):
    x = rng.normal(size=(1, 3)).astype("float32")
    layer, (_, beta, mean, variance) = filled(student, rng, x.shape, momentum=0.5)
    close(layer(x, training=True), beta[None])
    expected = [0.5 * mean + 0.5 * x[0], 0.5 * variance]
    close(layer.get_weights()[-2:], expected, "the moving mean and variance",
          category="wrong_state")  # fmt: skip


def test_a_constant_feature_stays_finite(student, rng, close):
    x = rng.normal(size=(4, 3, 2)).astype("float32")
    x[..., 1] = 0.75
    layer, (gamma, beta, _, _) = filled(student, rng, x.shape)
    close(layer(x, training=True), normalized(x, gamma, beta, *of_batch(x)))


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(7, 3), (7, 2, 4, 3)], ids=["vectors", "images"])
def test_follows_the_batches_of_fit(student, rng, close, shape):
    x = (rng.normal(size=shape) * [0.5, 1, 2] + [-1, 0, 2]).astype("float32")
    layer, (gamma, beta, mean, variance) = filled(student, rng, shape, momentum=0.7)
    student.trained(
        layer,
        x,
        x,
        batch_size=3,
        epochs=2,
        learning_rate=0.0,
        loss="mse",
        shuffle=False,
    )
    for batch in 2 * [x[:3], x[3:6], x[6:]]:
        own = of_batch(batch)
        mean = 0.7 * mean + 0.3 * own[0]
        variance = 0.7 * variance + 0.3 * own[1]
    close(layer.get_weights()[-2:], [mean, variance],
          "the moving mean and variance after six batches",
          category="wrong_state")  # fmt: skip
    expected = normalized(x, gamma, beta, mean, variance)
    close(student.predicted(layer, x), expected, "the prediction after training")


@pytest.mark.points(2)
@pytest.mark.parametrize("axis", [1, 3, -2])
def test_any_axis_can_hold_the_features(student, rng, close, axis):
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    layer, (gamma, beta, mean, variance) = filled(
        student, rng, x.shape, axis=axis, momentum=0.5
    )
    moved = np.moveaxis(x, axis, -1)
    own = of_batch(x, axis)
    expected = np.moveaxis(normalized(moved, gamma, beta, *own), -1, axis)
    close(layer(x, training=True), expected)
    mean, variance = 0.5 * (mean + own[0]), 0.5 * (variance + own[1])
    expected = np.moveaxis(normalized(moved, gamma, beta, mean, variance), -1, axis)
    close(layer(x), expected, "the result at inference after one batch")


@pytest.mark.points(2)
def test_is_computed_in_float32_in_mixed_precision(student, rng, close, equal):
    x = (300 * rng.normal(size=(40, 3)) + 500).astype("float16")
    layer, (gamma, beta, mean, variance) = filled(
        student, rng, x.shape, dtype="mixed_float16", momentum=0.9
    )
    outputs = layer(x, training=True)
    close(outputs, normalized(x, gamma, beta, *of_batch(x)).astype("float16"))
    own = of_batch(x)
    expected = [0.9 * mean + 0.1 * own[0], 0.9 * variance + 0.1 * own[1]]
    for found, wanted in zip(layer.get_weights()[-2:], expected, strict=True):
        equal(str(found.dtype), "float32", "the dtype of a moving statistic")
        close(found, wanted, "a moving statistic", category="wrong_state")


def test_takes_float64(student, rng, close):
    x = rng.normal(size=(5, 3))
    layer, (gamma, beta, _, _) = filled(student, rng, x.shape, dtype="float64")
    close(layer(x, training=True), normalized(x, gamma, beta, *of_batch(x)),
          tolerance=1e-5)  # fmt: skip


def test_can_be_thawed_again(student, rng, close):
    x = rng.normal(size=(5, 3)).astype("float32")
    layer, (gamma, beta, mean, variance) = filled(student, rng, x.shape)
    layer.trainable = False
    close(layer(x, training=True), normalized(x, gamma, beta, mean, variance))
    layer.trainable = True
    close(layer(x, training=True), normalized(x, gamma, beta, *of_batch(x)))


def test_penalizes_gamma_and_beta(student, rng, close):
    settings = {"gamma_regularizer": "l2", "beta_regularizer": "l1"}
    layer, (gamma, beta, _, _) = filled(student, rng, (4, 3), **settings)
    expected = 0.01 * np.array([np.sum(gamma**2), np.sum(np.abs(beta))])
    close(np.sort(layer.losses), np.sort(expected), "the penalties")


def test_refuses_what_is_not_built_here(student, rng, close, raises):
    x = rng.normal(size=(4, 3)).astype("float32")
    layer, (gamma, beta, mean, variance) = filled(student, rng, x.shape)
    close(layer(x), normalized(x, gamma, beta, mean, variance))
    raises(ValueError, student.BatchNormalization, synchronized=True)
    raises(ValueError, student.BatchNormalization(axis=2).build, (None, 3))
    raises(ValueError, layer, x, mask=np.ones((4, 3), bool))


@pytest.mark.points(2)
@pytest.mark.parametrize("axis", [-1, 1])
def test_what_is_masked_counts_in_no_statistic(student, rng, close, axis):
    x = rng.normal(size=(3, 4, 5)).astype("float32")
    mask = rng.random((3, 4)) < 0.7
    mask[0], mask[1, 1] = True, False  # of no step and of no feature nothing is left
    layer, (gamma, beta, mean, variance) = filled(
        student, rng, x.shape, axis=axis, momentum=0.6
    )
    along = [1, 1, 1]
    along[axis] = -1
    kept = np.repeat(mask[..., None], 5, axis=-1)
    others = tuple(a for a in range(3) if a != axis % 3)
    own = [
        part(x.astype("float64"), axis=others, where=kept) for part in (np.mean, np.var)
    ]
    expected = normalized(x, *(np.reshape(v, along) for v in (gamma, beta, *own)))
    close(layer(x, training=True, mask=mask), expected)
    expected = [0.6 * mean + 0.4 * own[0], 0.6 * variance + 0.4 * own[1]]
    close(layer.get_weights()[-2:], expected, "the moving mean and variance",
          category="wrong_state")  # fmt: skip
