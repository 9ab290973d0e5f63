"""Gradients behind one function, against closed forms and finite differences."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff


def as_array(value):
    return keras.ops.convert_to_numpy(value)


def test_the_gradient_of_a_sum_of_squares_is_twice_the_point():
    point = np.random.default_rng(0).normal(size=(3, 2))
    x = autodiff.watch(point)
    value, (gradient,) = autodiff.value_and_gradients(lambda: ops.sum(x * x), [x])
    np.testing.assert_allclose(as_array(value), np.sum(point**2), rtol=1e-12)
    np.testing.assert_allclose(as_array(gradient), 2 * point, rtol=1e-12)


def test_float64_stays_float64():
    x = autodiff.watch(np.ones(3))
    (gradient,) = autodiff.gradients(lambda: ops.sum(ops.exp(x)), [x])
    assert as_array(gradient).dtype == np.float64


def test_variables_and_tensors_mix():
    weight = keras.Variable(np.array([2.0, 3.0], "float32"))
    x = autodiff.watch(np.array([5.0, 7.0], "float32"))
    to_weight, to_x = autodiff.gradients(lambda: ops.sum(weight * x), [weight, x])
    np.testing.assert_allclose(as_array(to_weight), [5, 7])
    np.testing.assert_allclose(as_array(to_x), [2, 3])


def test_no_dependence_gives_none():
    x, y = autodiff.watch(np.ones(2)), autodiff.watch(np.ones(2))
    first, second = autodiff.gradients(lambda: ops.sum(x), [x, y])
    assert first is not None
    assert second is None


def test_a_constant_gives_none_for_all():
    x = autodiff.watch(np.ones(2))
    value, found = autodiff.value_and_gradients(
        lambda: ops.sum(ops.convert_to_tensor(np.ones(2))), [x]
    )
    assert float(as_array(value)) == 2
    assert found == [None]


def test_a_lookup_gives_a_dense_gradient():
    table = keras.Variable(np.ones((4, 2), "float32"))
    (gradient,) = autodiff.gradients(
        lambda: ops.sum(ops.take(table, ops.convert_to_tensor([1, 1, 3]), axis=0)),
        [table],
    )
    np.testing.assert_allclose(as_array(gradient), [[0, 0], [2, 2], [0, 0], [1, 1]])


def test_a_layer_agrees_with_finite_differences():
    rng = np.random.default_rng(0)
    layer = keras.layers.Dense(3, activation="tanh", dtype="float64")
    point = rng.normal(size=(2, 4))
    layer.build(point.shape)
    x = autodiff.watch(point)
    (gradient,) = autodiff.gradients(lambda: ops.sum(layer(x) ** 2), [x])
    nudge = rng.normal(size=point.shape)

    def along(t):
        return float(as_array(ops.sum(layer(autodiff.watch(point + t * nudge)) ** 2)))

    slope = (along(1e-3) - along(-1e-3)) / 2e-3
    assert np.sum(as_array(gradient) * nudge) == pytest.approx(slope, rel=1e-3)


def test_the_gradient_of_a_lookup_is_a_tensor_with_all_rows():
    layer = keras.layers.Embedding(4, 1)
    layer.build((None,))
    places = np.array([2, 0, 2])
    (gradient,) = autodiff.gradients(
        lambda: ops.sum(layer(places)), layer.trainable_variables
    )
    assert ops.is_tensor(ops.abs(gradient))
    found = ops.convert_to_numpy(ops.sum(ops.square(gradient)))
    np.testing.assert_allclose(found, 5)
