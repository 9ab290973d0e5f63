"""Embedding against Keras on the backend in use, and PyTorch."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u03_layers.embedding import Embedding
from tests.parity.u03_layers.comparing import (
    BACKEND,
    PRECISIONS,
    agree,
    as_array,
    pair,
    same_after_a_round_trip,
)

SETTINGS = {
    "plain": {},
    "masked": {"mask_zero": True},
    "penalized": {"embeddings_regularizer": "l2"},
    "frozen": {"trainable": False},
}


def both(rng, sizes=(7, 4), **settings):
    return pair(
        Embedding(*sizes, **settings),
        keras.layers.Embedding(*sizes, **settings),
        (None, None),
        rng,
    )


@pytest.mark.parametrize("shape", [(6,), (3, 5), (1, 1), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_agrees_with_keras(rng, shape, settings):
    ours, theirs = both(rng, **settings)
    x = rng.integers(0, 7, size=shape)
    agree(ours(x), theirs(x), 0)
    assert [(w.name, w.shape, w.trainable) for w in ours.weights] == [
        (w.name, w.shape, w.trainable) for w in theirs.weights
    ]
    assert ours.count_params() == theirs.count_params() == 28
    assert ours.compute_output_shape((None, 5)) == (None, 5, 4)
    assert ours.supports_masking == theirs.supports_masking
    mask, wanted = ours.compute_mask(x), theirs.compute_mask(x)
    assert (mask is None) == (wanted is None)
    if mask is not None:
        assert np.array_equal(as_array(mask), as_array(wanted))
    agree(sum(ours.losses, 0.0), sum(theirs.losses, 0.0))


def test_gradients_agree_with_keras(rng):
    ours, theirs = both(rng)
    x = np.array([[1, 5, 1], [5, 1, 0]], "int32")
    upstream = ops.convert_to_tensor(rng.normal(size=(2, 3, 4)).astype("float32"))
    found, wanted = (
        autodiff.gradients(
            lambda layer=layer: ops.sum(layer(x) * upstream), layer.trainable_weights
        )[0]
        for layer in (ours, theirs)
    )
    agree(found, wanted)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "int64", "float32", "float64"]
)
@pytest.mark.parametrize("precision", [*PRECISIONS, "float32"])
def test_agrees_for_every_dtype_of_indices_and_precision(rng, dtype, precision):
    size = 100 if dtype.endswith("int8") else 2060
    ours, theirs = both(rng, (size, 3), dtype=precision)
    x = np.array([[0, size - 1], [size - 9, 7]]).astype(dtype)
    mine, wanted = ours(x), theirs(x)
    assert mine.dtype == wanted.dtype
    assert keras.backend.standardize_dtype(mine.dtype) == ours.compute_dtype
    agree(mine, wanted, 0)


def test_agrees_with_torch(rng):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Embedding(7, 4)
    ours = Embedding(7, 4, weights=theirs.weight.detach().numpy())
    x = rng.integers(0, 7, size=(3, 5))
    agree(ours(x), theirs(torch.tensor(x)).detach().numpy(), 0)


def test_learns_like_keras_under_its_constraint(rng):
    ours, theirs = both(rng, embeddings_constraint="unit_norm")
    x, y = rng.integers(0, 7, size=(12, 3)), rng.normal(size=(12, 3, 4))
    for layer in (ours, theirs):
        model = keras.Sequential([keras.Input((3,), dtype="int32"), layer])
        compiled = {"jit_compile": BACKEND == "tensorflow"}  # XLA
        model.compile(keras.optimizers.SGD(0.5, momentum=0.9), "mse", **compiled)
        model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    agree(ours.embeddings, theirs.embeddings)
    agree(ops.sum(ops.square(ours.embeddings), axis=0), np.ones(4))


def test_its_mask_reaches_the_layers_behind(rng):
    ours, theirs = both(rng, mask_zero=True)
    x = np.array([[3, 1, 0, 0], [2, 0, 5, 0]])
    pooled = keras.layers.GlobalAveragePooling1D()
    agree(pooled(ours(x)), pooled(theirs(x)))
    agree(pooled(ours(x)), np.stack([as_array(ours(x))[0, :2].mean(axis=0),
                                     as_array(ours(x))[1, [0, 2]].mean(axis=0)]))  # fmt: skip


def test_survives_a_keras_file(rng, tmp_path):
    layer = Embedding(7, 4, mask_zero=True, embeddings_regularizer="l2")
    x = rng.integers(0, 7, size=(3, 5))
    loaded = same_after_a_round_trip(layer, x, tmp_path)
    assert loaded.get_config() == layer.get_config()


def test_configurations_are_understood_on_both_sides():
    ours = Embedding(7, 4, mask_zero=True, embeddings_constraint="non_neg")
    theirs = keras.layers.Embedding.from_config(ours.get_config())
    known = theirs.get_config()
    assert {k: known[k] for k in ours.get_config()} == ours.get_config()
    assert Embedding.from_config(known).get_config() == ours.get_config()


def test_a_table_can_be_handed_over(rng):
    table = rng.normal(size=(7, 4)).astype("float32")
    for given in (table, [table]):
        ours, theirs = (
            layer(7, 4, weights=given) for layer in (Embedding, keras.layers.Embedding)
        )
        for layer in (ours, theirs):
            agree(layer.embeddings, table, 0)
            layer.build((None, 3))  # nothing is made anew
            agree(layer.embeddings, table, 0)


@pytest.mark.parametrize(
    "sizes", [(0, 3), (3, -1), (2.5, 3), (3, "a"), (True, 3), (None, 3)], ids=str
)
def test_refuses_the_sizes_that_keras_refuses(sizes):
    for layer in (Embedding, keras.layers.Embedding):
        with pytest.raises(ValueError):
            layer(*sizes)


def test_refuses_what_it_does_not_build():
    for settings in ({"lora_rank": 2}, {"quantization_config": 1}, {"no_such": 1}):
        with pytest.raises(ValueError):
            Embedding(3, 2, **settings)
    for layer in (Embedding, keras.layers.Embedding):
        with pytest.raises(ValueError):
            layer(3, 2, weights=np.ones((2, 3)))
