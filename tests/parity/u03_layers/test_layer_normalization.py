"""LayerNormalization against Keras on the backend in use, NumPy and PyTorch.

Keras's own fails on PyTorch where the axes are not the last ones; NumPy is the oracle
there.
"""

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u03_layers.layer_normalization import LayerNormalization
from tests.parity.u03_layers.comparing import (
    BACKEND,
    PRECISIONS,
    agree,
    inputs_of,
    pair,
    same_gradients,
    shapes,
)

SETTINGS = {
    "plain": {},
    "large epsilon": {"epsilon": 0.5},
    "no beta": {"center": False},
    "no gamma": {"scale": False},
    "neither": {"center": False, "scale": False},
    "rms scaling": {"rms_scaling": True, "scale": False},
    "penalized": {"gamma_regularizer": "l2", "beta_regularizer": "l1"},
}


@shapes
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_agrees_with_keras(rng, shape, settings):
    ours, theirs = pair(
        LayerNormalization(**settings),
        keras.layers.LayerNormalization(**settings),
        shape,
        rng,
    )
    x = inputs_of(rng, shape)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert ours.count_params() == theirs.count_params()
    assert ours.compute_output_shape((None, *shape[1:])) == (None, *shape[1:])
    agree(ours(x), theirs(x))
    agree(ours(x[:1], training=True), theirs(x)[:1])
    same_gradients(ours, theirs, x, rng)
    agree(sum(ours.losses, 0.0), sum(theirs.losses, 0.0))


@pytest.mark.parametrize("axis", [[1, 2, 3], [-1, -2], [3, 2], (-1,)], ids=str)
def test_agrees_with_keras_over_the_last_axes(rng, axis):
    ours, theirs = pair(
        LayerNormalization(axis),
        keras.layers.LayerNormalization(axis),
        (2, 4, 5, 3),
        rng,
    )
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    x = inputs_of(rng, (2, 4, 5, 3))
    agree(ours(x), theirs(x))
    same_gradients(ours, theirs, x, rng)


@pytest.mark.parametrize("axis", [1, -2, [1, 3], [0], [2, 1]], ids=str)
def test_agrees_with_numpy_over_any_axes(rng, axis):
    shape = (2, 4, 5, 3)
    ours = LayerNormalization(axis)
    ours.build(shape)
    gamma, beta = (rng.uniform(0.5, 2, size=w.shape) for w in ours.weights)
    ours.set_weights([gamma, beta])
    x = inputs_of(rng, shape)
    axes = tuple(sorted(np.atleast_1d(axis) % 4))
    view = [size if number in axes else 1 for number, size in enumerate(shape)]
    centered = x - x.mean(axes, keepdims=True)
    normal = centered / np.sqrt(x.var(axes, keepdims=True) + 1e-3)
    agree(ours(x), gamma.reshape(view) * normal + beta.reshape(view))
    if BACKEND == "tensorflow":
        theirs = keras.layers.LayerNormalization(axis)
        theirs.build(shape)
        theirs.set_weights(ours.get_weights())
        agree(ours(x), theirs(x))
        same_gradients(ours, theirs, x, rng)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_agrees_in_every_precision(rng, precision):
    ours, theirs = pair(
        LayerNormalization(dtype=precision),
        keras.layers.LayerNormalization(dtype=precision),
        (5, 40),
        rng,
    )
    x = (300 * rng.normal(size=(5, 40)) + 500).astype("float32")
    mine, wanted = ours(x), theirs(x)  # neither rounds its input to float16
    assert mine.dtype == wanted.dtype
    assert keras.backend.standardize_dtype(mine.dtype) == ours.compute_dtype
    agree(mine, wanted, PRECISIONS[precision])
    for mine, wanted in zip(ours.weights, theirs.weights, strict=True):
        assert mine.dtype == wanted.dtype


def test_agrees_with_torch(rng):
    torch = pytest.importorskip("torch")
    x = inputs_of(rng, (4, 5, 6))
    theirs = torch.nn.LayerNorm((5, 6), eps=0.01)
    torch.nn.init.normal_(theirs.weight)
    ours = LayerNormalization([1, 2], epsilon=0.01)
    ours.build(x.shape)
    ours.set_weights([theirs.weight.detach().numpy(), theirs.bias.detach().numpy()])
    agree(ours(x), theirs(torch.tensor(x)).detach().numpy())


def test_hands_a_mask_on(rng):
    x = inputs_of(rng, (2, 4, 3))
    x[0, 2:] = 0
    given = keras.layers.Masking()(x)
    y = LayerNormalization()(given)
    wanted = keras.layers.LayerNormalization()(given)
    agree(y._keras_mask, wanted._keras_mask)
    agree(y._keras_mask, np.any(x != 0, axis=-1))


def test_is_at_home_in_a_graph_of_unknown_sizes(rng):
    given = keras.Input((None, 3))
    layer = LayerNormalization()
    model = keras.Model(given, layer(given))
    model.compile(jit_compile=BACKEND == "tensorflow")  # XLA
    for shape in ((5, 4, 3), (1, 7, 3)):
        x = inputs_of(rng, shape)
        agree(model.predict(x, verbose=0), layer(ops.convert_to_tensor(x)))


def test_refuses_what_keras_refuses():
    for layer in (LayerNormalization, keras.layers.LayerNormalization):
        with pytest.raises(TypeError, match="axis"):
            layer(axis={"axis": -1})
        with pytest.raises((ValueError, IndexError)):
            layer(axis=3).build((2, 4))
        with pytest.raises(ValueError):
            layer(no_such_argument=1)
    with pytest.raises(ValueError):
        LayerNormalization(moving_mean_initializer="ones")
