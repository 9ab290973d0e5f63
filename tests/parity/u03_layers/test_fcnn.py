"""FCNN against a functional twin in Keras, on the backend in use."""

import re

import keras
import numpy as np
import pytest

from solutions.u03_layers import batch_normalization, dense, dropout, fcnn
from tests.parity.u03_layers.comparing import (
    BACKEND,
    PRECISIONS,
    agree,
    same_gradients,
    weights_like,
)

LAYERS = {
    "Dense": dense.Dense,
    "Dropout": dropout.Dropout,
    "BatchNormalization": batch_normalization.BatchNormalization,
}


@pytest.fixture(params=["course", "keras"])
def FCNN(request, monkeypatch):
    """The network, made of the course's layers and of Keras's."""
    places = {"course": LAYERS, "keras": vars(keras.layers)}
    for name in LAYERS:
        monkeypatch.setattr(fcnn, name, places[request.param][name])
    return fcnn.FCNN


def twin_of(shape, units, num_classes, dropout_rate):
    given = keras.Input(shape)
    x = keras.layers.Flatten()(given)
    for width in units:
        x = keras.layers.Dense(width, use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.Dropout(dropout_rate)(x)
    return keras.Model(given, keras.layers.Dense(num_classes)(x))


@pytest.mark.parametrize("shape", [(5,), (3, 4), (3, 4, 2)], ids=str)
@pytest.mark.parametrize("units", [(), (7,), (7, 6, 5)], ids=str)
def test_fcnn_agrees_with_its_functional_twin(FCNN, rng, shape, units):
    ours, theirs = FCNN(units, 4, 0.0), twin_of(shape, units, 4, 0.0)
    ours.build((None, *shape))
    theirs.set_weights(weights_like(theirs, rng))
    ours.set_weights(theirs.get_weights())
    x = rng.normal(size=(6, *shape)).astype("float32")
    agree(ours(x), theirs(x))
    agree(ours(x, training=True), theirs(x, training=True), 1e-3)
    for mine, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        agree(mine, wanted)
    assert ours.count_params() == theirs.count_params()
    agree(ours(x[:1]), theirs(x[:1]))
    if units != (7, 6, 5):  # three normalizations of six examples amplify rounding
        for training in (False, True):
            same_gradients(ours, theirs, x, rng, training=training)


def test_fcnn_learns_like_its_twin(FCNN, rng):
    """Without chance (no dropout, no shuffling) ten steps lead to the same weights."""
    ours, theirs = FCNN((7,), 3, 0.0), twin_of((5,), (7,), 3, 0.0)
    ours.build((None, 5))
    ours.set_weights(theirs.get_weights())
    x = rng.normal(size=(23, 5)).astype("float32")
    y = rng.integers(0, 3, size=23)
    for model in (ours, theirs):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss)
        model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    agree(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), 1e-3)


def test_the_table_of_fcnn_counts_right(FCNN):
    row = r"\| *\w+ *\| *(\(.*?\)) *\| *FCNN\((\(.*?\)), (\d+), [\d.]+\) *\| *([\d,]+) *\| *([\d,]+) *\|"
    rows = re.findall(row, FCNN.__doc__)
    assert len(rows) == 3
    for shape, units, num_classes, *counts in rows:
        shape, units = ([int(n) for n in re.findall(r"\d+", t)] for t in (shape, units))
        model = FCNN(units, int(num_classes), 0.1)
        model.build((None, *shape))
        trainable = sum(np.prod(w.shape) for w in model.trainable_weights)
        assert [int(n.replace(",", "")) for n in counts] == [
            model.count_params(),
            trainable,
        ]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_fcnn_hands_its_precision_on(FCNN, rng, precision):
    model = FCNN((7, 6), 4, 0.2, dtype=precision)
    logits = model(rng.normal(size=(5, 3)), training=True)
    assert keras.backend.standardize_dtype(logits.dtype) == model.compute_dtype


def test_fcnn_survives_a_keras_file(FCNN, rng, tmp_path):
    model = FCNN((7, 6), 4, 0.2)
    x = rng.normal(size=(9, 3, 4)).astype("float32")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, rng.integers(0, 4, size=9), batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    agree(loaded.predict(x, verbose=0), model.predict(x, verbose=0), 1e-6)
    assert loaded.get_config() == model.get_config()
    loaded.fit(x, rng.integers(0, 4, size=9), batch_size=4, verbose=0)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="XLA through TensorFlow")
def test_fcnn_compiles_with_xla(FCNN, rng):
    model = FCNN((7,), 4, 0.2)
    x = rng.normal(size=(6, 3)).astype("float32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=True)
    model.fit(x, rng.integers(0, 4, size=6), batch_size=3, verbose=0)
    agree(model.predict(x, verbose=0), model(x), 1e-4)
