"""BatchNormalization against Keras on the backend in use, and PyTorch."""

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

NORMALIZATION = {
    "plain": {},
    "large epsilon": {"epsilon": 0.5, "momentum": 0.6},
    "no beta": {"center": False},
    "no gamma": {"scale": False},
    "neither": {"center": False, "scale": False},
}
normalizations = pytest.mark.parametrize(
    "settings", NORMALIZATION.values(), ids=NORMALIZATION
)


@shapes
@normalizations
def test_batch_normalization_agrees_with_keras(rng, shape, settings):
    ours, theirs = pair(
        BatchNormalization(**settings),
        keras.layers.BatchNormalization(**settings),
        shape,
        rng,
    )
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [w.trainable for w in ours.weights] == [w.trainable for w in theirs.weights]
    assert ours.count_params() == theirs.count_params()
    for _ in range(3):
        x = inputs_of(rng, shape)
        agree(ours(x), theirs(x))
        agree(ours(x, training=True), theirs(x, training=True), 1e-3)
        for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
            agree(mine, wanted)
    same_gradients(ours, theirs, x, rng, training=False)
    ours.trainable = theirs.trainable = False
    agree(ours(x, training=True), theirs(x, training=True))


@shapes
def test_gradients_of_batch_normalization_agree_in_training(rng, shape):
    ours, theirs = pair(
        BatchNormalization(), keras.layers.BatchNormalization(), shape, rng
    )
    same_gradients(ours, theirs, inputs_of(rng, shape), rng, training=True)


@shapes
def test_batch_normalization_agrees_on_a_batch_of_one(rng, shape):
    """Of a single vector the variance is 0: what training gives is beta, all of it."""
    shape = (1, *shape[1:])
    ours, theirs = pair(
        BatchNormalization(), keras.layers.BatchNormalization(), shape, rng
    )
    x = inputs_of(rng, shape)
    agree(ours(x), theirs(x))
    agree(ours(x, training=True), theirs(x, training=True), 1e-3)
    for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
        agree(mine, wanted)
    same_gradients(ours, theirs, x, rng, training=False)


@pytest.mark.parametrize("axis", [1, 2, 3, -2, -3])
def test_batch_normalization_agrees_on_every_axis(rng, axis):
    shape = (2, 4, 5, 3)
    ours, theirs = pair(
        BatchNormalization(axis), keras.layers.BatchNormalization(axis), shape, rng
    )
    x = inputs_of(rng, shape)
    agree(ours(x, training=True), theirs(x, training=True), 1e-3)
    agree(ours(x), theirs(x))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_batch_normalization_agrees_in_every_precision(rng, precision):
    ours, theirs = pair(
        BatchNormalization(dtype=precision),
        keras.layers.BatchNormalization(dtype=precision),
        (40, 3),
        rng,
    )
    x = inputs_of(rng, (40, 3))
    for training in (True, False):
        mine, wanted = ours(x, training=training), theirs(x, training=training)
        assert mine.dtype == wanted.dtype
        agree(mine, wanted, PRECISIONS[precision])
    for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
        assert mine.dtype == wanted.dtype
        agree(mine, wanted)


def test_batch_normalization_agrees_with_torch(rng):
    torch = pytest.importorskip("torch")
    x = inputs_of(rng, (4, 5, 6, 3))
    theirs = torch.nn.BatchNorm2d(3, eps=0.01, momentum=0.3)
    ours = BatchNormalization(epsilon=0.01, momentum=0.7)
    moved = torch.tensor(x).permute(0, 3, 1, 2)
    wanted = theirs(moved).permute(0, 2, 3, 1).detach().numpy()
    agree(ours(x, training=True), wanted)
    agree(ours.moving_mean, theirs.running_mean.numpy())
    n = 4 * 5 * 6  # PyTorch keeps the unbiased variance: n / (n − 1) times Keras's
    unbiased = (theirs.running_var.numpy() - 0.7) / 0.3
    agree(ours.moving_variance, 0.7 + 0.3 * unbiased * (n - 1) / n)


def test_batch_normalization_refuses_what_it_does_not_build():
    for settings in (
        {"synchronized": True},
        {"moving_mean_regularizer": "l2"},
        {"no_such_argument": 1},
    ):
        with pytest.raises(ValueError):
            BatchNormalization(**settings)
    for layer in (BatchNormalization(), keras.layers.BatchNormalization()):
        with pytest.raises(ValueError, match="mask"):
            layer(np.ones((2, 3, 4)), mask=np.ones((2, 3, 4), bool))


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization_leaves_out_what_is_masked(rng, axis):
    shape = (3, 5, 4)
    x = inputs_of(rng, shape)
    x[0, 3:], x[1, 1:] = 0, 0
    masked = keras.layers.Masking()(x)
    ours, theirs = pair(
        BatchNormalization(axis), keras.layers.BatchNormalization(axis), shape, rng
    )
    mine, wanted = ours(masked, training=True), theirs(masked, training=True)
    agree(mine, wanted)
    agree(mine._keras_mask, wanted._keras_mask)
    for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
        agree(mine, wanted)
    nothing = np.zeros(shape[:2], bool)
    agree(ours(x, training=True, mask=nothing), theirs(x, training=True, mask=nothing))
