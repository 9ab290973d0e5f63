"""Dropout against Keras on the backend in use: chance by its statistics."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u03_layers.dropout import Dropout
from tests.parity.u03_layers.comparing import PRECISIONS, agree, as_array


@pytest.mark.parametrize("noise_shape", [None, (None, 1, None), (50, 20, 1)], ids=str)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_has_the_statistics_of_keras(rng, rate, noise_shape):
    x = rng.uniform(1, 2, size=(50, 20, 30)).astype("float32")
    shared = np.prod(
        [
            1 if n == 1 else size
            for n, size in zip(noise_shape or x.shape, x.shape, strict=True)
        ]
    )
    zeros = []
    for layer in (Dropout, keras.layers.Dropout):
        y = as_array(layer(rate, noise_shape, seed=5)(x, training=True))
        kept = y != 0
        agree(y[kept], x[kept] / (1 - rate))
        zeros.append(1 - kept.mean())
    chance = 7 * np.sqrt(rate * (1 - rate) / shared)
    assert abs(zeros[0] - rate) < chance and abs(zeros[1] - rate) < chance


@pytest.mark.parametrize("noise_shape", [None, (None, 1)], ids=str)
def test_gradients_of_dropout_pass_where_the_output_does(rng, noise_shape):
    """What was kept was multiplied by 1 / (1 − rate), and so is its gradient."""
    x = autodiff.watch(rng.uniform(1, 2, size=(40, 30)).astype("float32"))
    upstream = rng.normal(size=(40, 30)).astype("float32")
    layer, seen = Dropout(0.3, noise_shape), []

    def loss():
        seen.append(layer(x, training=True))
        return ops.sum(seen[0] * ops.convert_to_tensor(upstream))

    (found,) = autodiff.gradients(loss, [x])
    kept = as_array(seen[0]) != 0
    assert 0 < kept.mean() < 1
    agree(found, np.where(kept, upstream / 0.7, 0), 1e-6)


@pytest.mark.parametrize("call", [{}, {"training": False}])
def test_dropout_is_the_identity_at_inference(rng, call):
    x = rng.normal(size=(3, 4)).astype("float32")
    assert np.array_equal(as_array(Dropout(0.5)(x, **call)), x)


def test_dropout_agrees_with_keras_at_the_ends(rng):
    x = rng.normal(size=(3, 4)).astype("float32")
    for rate in (0, 0.0, 1, 1.0):
        y = Dropout(rate)(x, training=True)
        agree(y, keras.layers.Dropout(rate)(x, training=True), 0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_dropout_keeps_the_precision(rng, precision):
    layer = Dropout(0.5, dtype=precision)
    y = layer(rng.uniform(1, 2, size=(50, 60)), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    assert abs(np.mean(as_array(y) == 0) - 0.5) < 7 * 0.5 / np.sqrt(3000)


def test_dropout_draws_anew_in_every_step_of_a_graph(rng):
    """A mask that is drawn while tracing would be the same in all steps."""
    x = np.ones((4, 30), "float32")
    given = keras.Input((30,))
    model = keras.Model(given, Dropout(0.5)(given))
    seen = []

    def remember(y_true, y_pred):
        return ops.mean(y_pred * ops.arange(30, dtype="float32"))

    model.compile(optimizer="sgd", loss=remember)
    for _ in range(6):
        seen.append(model.train_on_batch(x, x))
    assert len(set(map(float, seen))) > 1


def test_dropout_refuses_what_keras_refuses():
    for arguments in ((-0.1,), (1.1,), (0.5, (None, 0)), (0.5, (2.5,)), (0.5, "abc")):
        for layer in (Dropout, keras.layers.Dropout):
            with pytest.raises(ValueError):
                layer(*arguments)
