"""BatchNormalization with `renorm` against Keras's, and against the paper in NumPy."""

import keras
import numpy as np
import pytest

from solutions.u03_layers.batch_normalization import BatchNormalization
from tests.parity.u03_layers.comparing import (
    PRECISIONS,
    agree,
    inputs_of,
    pair,
    same_gradients,
    shapes,
)

TIGHT = {"rmax": 1.1, "rmin": 0.9, "dmax": 0.1}
SETTINGS = {
    "plain": {},
    "clipped": {"renorm_clipping": TIGHT, "renorm_momentum": 0.7},
    "clipped below": {"renorm_clipping": {"rmin": 1.5}, "momentum": 0.6},
    "no beta": {"center": False},
    "no gamma": {"scale": False, "epsilon": 0.5},
    "neither": {"center": False, "scale": False},
}
settings_of = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def both(shape, rng, **settings):
    """Ours and Keras's, with the same random weights."""
    settings = {"renorm": True, **settings}
    theirs = keras.layers.BatchNormalization(**settings)
    return pair(BatchNormalization(**settings), theirs, shape, rng)


def same_weights(ours, theirs):
    for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
        assert (mine.name, mine.trainable) == (wanted.name, wanted.trainable)
        assert mine.dtype == wanted.dtype
        agree(mine, wanted)


@shapes
@settings_of
def test_agrees_with_keras_step_after_step(rng, shape, settings):
    ours, theirs = both(shape, rng, **settings)
    for _ in range(3):
        x = inputs_of(rng, shape)
        agree(ours(x, training=True), theirs(x, training=True))
        same_weights(ours, theirs)
        agree(ours(x), theirs(x))
    ours.trainable = theirs.trainable = False
    agree(ours(x, training=True), theirs(x, training=True))
    same_weights(ours, theirs)


@settings_of
def test_gradients_agree_with_keras(rng, settings):
    ours, theirs = both((4, 6, 3), rng, **settings)
    same_gradients(ours, theirs, inputs_of(rng, (4, 6, 3)), rng, training=True)


@pytest.mark.parametrize("axis", [1, 2, -2])
def test_agrees_on_every_axis(rng, axis):
    ours, theirs = both((2, 4, 5, 3), rng, axis=axis, renorm_clipping={"dmax": 0.2})
    x = inputs_of(rng, (2, 4, 5, 3))
    agree(ours(x, training=True), theirs(x, training=True))
    same_weights(ours, theirs)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_agrees_in_every_precision(rng, precision):
    ours, theirs = both((40, 3), rng, dtype=precision)
    x = inputs_of(rng, (40, 3))
    mine, wanted = ours(x, training=True), theirs(x, training=True)
    assert mine.dtype == wanted.dtype
    agree(mine, wanted, PRECISIONS[precision])
    same_weights(ours, theirs)


def test_leaves_out_what_is_masked(rng):
    x = inputs_of(rng, (3, 5, 4))
    x[0, 3:], x[1, 1:] = 0, 0
    masked = keras.layers.Masking()(x)
    ours, theirs = both((3, 5, 4), rng)
    agree(ours(masked, training=True), theirs(masked, training=True))
    same_weights(ours, theirs)


def test_starts_as_keras_does():
    at = {
        "moving_mean_initializer": keras.initializers.RandomUniform(1, 2, seed=3),
        "moving_variance_initializer": keras.initializers.Constant(4.0),
    }
    ours = BatchNormalization(renorm=True, **at)
    theirs = keras.layers.BatchNormalization(renorm=True, **at)
    for layer in (ours, theirs):
        layer.build((None, 5))
    same_weights(ours, theirs)
    agree(ours.renorm_stddev, np.full(5, 2.0))
    unlike = BatchNormalization(
        renorm=True, moving_mean_initializer=keras.initializers.RandomUniform(1, 2)
    )
    unlike.build((None, 50))
    assert not np.allclose(unlike.get_weights()[2], unlike.get_weights()[5])


def test_a_batch_of_one_is_normalized_by_the_averages(rng):
    """What renormalization is for: algorithm 1, where a batch alone says nothing."""
    ours, _ = both((1, 3), rng)
    gamma, beta, *_, mean, deviation = ours.get_weights()
    x = inputs_of(rng, (1, 3))
    agree(ours(x, training=True), gamma * (x - mean) / deviation + beta)
    clipped, _ = both((1, 3), rng, renorm_clipping={"dmax": 0.0})
    agree(clipped(x, training=True), clipped.get_weights()[1][None])


@pytest.mark.parametrize(
    "bounds", [{"max": 1.0}, {"rmax": 0.5, "rmin": 1.0}, {"dmax": -1.0}]
)
def test_refuses_bounds_that_keras_refuses(bounds):
    told = []
    for layer in (keras.layers.BatchNormalization, BatchNormalization):
        with pytest.raises(ValueError) as error:
            layer(renorm=True, renorm_clipping=bounds)
        told.append(str(error.value).partition("Received:")[0])
        layer(renorm_clipping=bounds)  # says nothing without renorm
    assert told[0] == told[1]
