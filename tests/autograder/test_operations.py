"""What checks may ask for beside plain calls, on Keras's own classes."""

import keras
import numpy as np
import pytest

from autograder.sandbox import operations


def test_an_optimizer_is_walked_step_by_step():
    start = [np.array([1.0, 2.0]), np.zeros((1, 2), "float32")]
    walk = [[np.array([1.0, -1.0]), None], [np.zeros(2), np.ones((1, 2), "float32")]]
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        first, second = operations.stepped(keras.optimizers.SGD(0.5), start, walk)
    np.testing.assert_allclose(first[0], [0.5, 2.5])
    np.testing.assert_allclose(first[1], 0)
    np.testing.assert_allclose(second[0], [0.5, 2.5])
    np.testing.assert_allclose(second[1], -0.5)
    assert [a.dtype.name for a in second] == ["float64", "float32"]
    np.testing.assert_allclose(start[0], [1, 2])  # left as it was


def test_a_metric_is_evaluated_over_uneven_batches():
    metric = keras.metrics.SparseCategoricalAccuracy(name="hits")
    x, y = np.eye(5, dtype="float32"), np.array([0, 1, 0, 3, 0])
    found = operations.evaluated(x, y, metric, batch_size=2)
    np.testing.assert_allclose(found, 0.6)


def test_training_takes_an_optimizer_with_a_schedule_and_a_loss():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25])
    layer = keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)
    operations.trained(
        layer,
        np.ones((2, 1), "float32"),
        np.full((2, 1), 9, "float32"),
        batch_size=1,
        learning_rate=None,
        optimizer=keras.optimizers.SGD(schedule),
        loss=keras.losses.MeanAbsoluteError(),
    )
    np.testing.assert_allclose(operations.to_numpy(layer.kernel), 0.75)
