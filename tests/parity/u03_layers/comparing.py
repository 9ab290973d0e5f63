"""What the parity tests of u03 share: pairs of layers, gradients, round trips."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff

BACKEND = keras.backend.backend()
SHAPES = {"vectors": (5, 3), "time steps": (4, 6, 3), "images": (2, 4, 5, 3)}
PRECISIONS = {"float64": 1e-6, "mixed_float16": 1e-2, "mixed_bfloat16": 5e-2}

shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


def agree(ours, theirs, tolerance=1e-4):
    ours, theirs = as_array(ours), as_array(theirs)
    assert ours.shape == theirs.shape
    gap, scale = np.max(np.abs(ours - theirs)), np.max(np.abs(theirs))
    assert gap <= tolerance * max(scale, 1e-9)


def weights_like(layer, rng):
    """Random values for the layer's weights; all positive, as variances must be."""
    return [rng.uniform(0.5, 2, size=w.shape).astype("float32") for w in layer.weights]


def pair(ours, theirs, shape, rng):
    """Both layers, built, with the same weights."""
    for layer in (ours, theirs):
        layer.build(shape)
    theirs.set_weights(weights_like(theirs, rng))
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def inputs_of(rng, shape, dtype="float32"):
    spread, place = rng.uniform(0.3, 2, size=shape[-1]), rng.normal(size=shape[-1])
    return (spread * rng.normal(size=shape) + place).astype(dtype)


def gradients(layer, x, upstream, **call):
    """Of Σ upstream · layer(x), for the input and for the trainable weights."""
    given = autodiff.watch(x)
    return autodiff.gradients(
        lambda: ops.sum(layer(given, **call) * upstream),
        [given, *layer.trainable_weights],
    )


def same_gradients(ours, theirs, x, rng, **call):
    upstream = ops.convert_to_tensor(
        rng.normal(size=tuple(ops.shape(ours(x)))), dtype="float32"
    )
    pairs = zip(
        gradients(ours, x, upstream, **call),
        gradients(theirs, x, upstream, **call),
        strict=True,
    )
    for mine, wanted in pairs:
        agree(mine, wanted)


def same_after_a_round_trip(layer, x, folder):
    given = keras.Input(x.shape[1:])
    model = keras.Model(given, layer(given))
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras")
    agree(loaded(x), layer(x), 1e-6)
    assert type(loaded.layers[-1]) is type(layer)
    return loaded.layers[-1]
