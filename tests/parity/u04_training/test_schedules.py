"""WarmupCosine against its formula and Keras's CosineDecay."""

import inspect
import math

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u04_training.schedules import WarmupCosine

CosineDecay = keras.optimizers.schedules.CosineDecay
CASES = [
    (0.1, 20),
    (0.1, 20, 0.3),
    (0.0, 20, 0.0, "s", 0.4, 5),
    (0.2, 7, 0.1, "s", 0.1, 3),
    (0.2, 7, 0.1, "s", None, 3),
    (0.2, 7, 0.1, "s", 0.3, 0),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_step_matches_keras(case):
    ours, theirs = WarmupCosine(*case), CosineDecay(*case)
    for step in range(40):
        np.testing.assert_allclose(float(ours(step)), float(theirs(step)), atol=1e-7)
        tensor = ops.convert_to_tensor(step, "int64")
        assert keras.backend.standardize_dtype(ours(tensor).dtype) == "float32"
        np.testing.assert_allclose(float(ours(tensor)), float(ours(step)))


def test_the_formula():
    schedule = WarmupCosine(0.1, 8, 0.2, warmup_target=1.0, warmup_steps=4)
    found = [float(schedule(t)) for t in range(14)]
    rising = [0.1 + 0.9 * t / 4 for t in range(4)]
    falling = [0.2 + 0.4 * (1 + math.cos(math.pi * t / 8)) for t in range(9)]
    np.testing.assert_allclose(found, [*rising, *falling, 0.2], rtol=1e-6)


def test_is_called_and_configured_like_keras():
    ours, theirs = (
        inspect.signature(c).parameters for c in (WarmupCosine, CosineDecay)
    )
    assert list(ours) == list(theirs)
    for name in set(ours) - {"name"}:
        assert ours[name].default == theirs[name].default
    config = WarmupCosine(*CASES[2]).get_config()
    assert config == CosineDecay(*CASES[2]).get_config()
    optimizer = keras.optimizers.SGD(WarmupCosine(*CASES[2]))
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(copy._learning_rate) is WarmupCosine
    assert copy._learning_rate.get_config() == config
    for kind in (WarmupCosine, CosineDecay):
        with pytest.raises(ValueError):
            kind(0.1, 0)


@pytest.mark.parametrize("compiler", [False, True])
def test_fits_as_keras_does(compiler, tmp_path):
    x, y, found = np.ones((8, 1), "float32"), np.full((8, 1), 99, "float32"), []
    for kind in (WarmupCosine, CosineDecay):
        layer = keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)
        model = keras.Sequential([keras.Input((1,)), layer])
        jit = compiler and keras.backend.backend() == "tensorflow"
        model.compile(keras.optimizers.SGD(kind(*CASES[3])), "mae", jit_compile=jit)
        model.fit(x, y, batch_size=1, verbose=0)
        model.save(tmp_path / "model.keras")
        model = keras.models.load_model(tmp_path / "model.keras")
        model.fit(x, y, batch_size=1, verbose=0)
        found.append(model.get_weights()[0].item())
    np.testing.assert_allclose(*found, rtol=1e-5)
