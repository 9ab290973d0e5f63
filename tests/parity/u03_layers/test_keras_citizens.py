"""What all layers of u03 have in common: configurations, files, compiled models."""

import keras
import pytest

from solutions.u03_layers.batch_normalization import BatchNormalization
from solutions.u03_layers.dense import Dense
from solutions.u03_layers.dropout import Dropout
from solutions.u03_layers.layer_normalization import LayerNormalization
from tests.parity.u03_layers.comparing import (
    BACKEND,
    agree,
    inputs_of,
    same_after_a_round_trip,
)

LAYERS = {
    "Dense": lambda: (Dense(4, activation="relu", kernel_regularizer="l2"),
                      keras.layers.Dense),
    "Dropout": lambda: (Dropout(0.25, (None, 1), seed=3), keras.layers.Dropout),
    "BatchNormalization": lambda: (BatchNormalization(momentum=0.5, center=False),
                                   keras.layers.BatchNormalization),
    "renormalization": lambda: (BatchNormalization(renorm=True,
                                                   renorm_clipping={"rmax": 3.0}),
                                keras.layers.BatchNormalization),
    "LayerNormalization": lambda: (LayerNormalization([-1], 0.1, scale=False),
                                   keras.layers.LayerNormalization),
}  # fmt: skip
layers = pytest.mark.parametrize("name", LAYERS)


@layers
def test_configurations_are_understood_on_both_sides(name):
    ours, theirs = LAYERS[name]()
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    config = {k: v for k, v in ours.get_config().items() if k != "name"}
    as_keras = theirs.from_config(ours.get_config())
    known = as_keras.get_config()
    assert {k: known[k] for k in config} == config
    assert type(ours).from_config(known).get_config() == ours.get_config()


@layers
def test_survives_a_keras_file(rng, tmp_path, name):
    layer, _ = LAYERS[name]()
    x = inputs_of(rng, (6, 3))
    layer(x, training=True)
    loaded = same_after_a_round_trip(layer, x, tmp_path)
    assert loaded.get_config() == layer.get_config()


@layers
def test_a_trained_model_survives_a_keras_file(rng, tmp_path, name):
    layer, _ = LAYERS[name]()
    x = inputs_of(rng, (7, 3))
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, x[:, :1], batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    agree(loaded.predict(x, verbose=0), model.predict(x, verbose=0), 1e-6)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="XLA through TensorFlow")
@layers
def test_compiles_with_xla(rng, name):
    layer, _ = LAYERS[name]()
    x = inputs_of(rng, (6, 3))
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", jit_compile=True)
    model.fit(x, x[:, :1], batch_size=3, verbose=0)
    agree(model.predict(x, verbose=0), model(x), 1e-4)
