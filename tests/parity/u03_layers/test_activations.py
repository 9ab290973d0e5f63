"""The activations against keras.activations on the backend in use, and against SciPy."""

import inspect

import keras
import numpy as np
import pytest
import scipy.special
from keras import ops

from solutions.u03_layers import activations
from tests.parity.u03_layers.comparing import (
    BACKEND,
    PRECISIONS,
    agree,
    as_array,
    gradients,
)

CASES = {
    "relu": [
        {},
        {"negative_slope": 0.3},
        {"max_value": 6.0},
        {"max_value": 1.5, "threshold": 0.5},
        {"negative_slope": 0.3, "max_value": 1.5, "threshold": 0.5},
    ],
    "leaky_relu": [{}, {"negative_slope": 0.0}, {"negative_slope": 1.7}],
    "gelu": [{}, {"approximate": True}],
    "silu": [{}],
    "softmax": [{}, {"axis": 1}, {"axis": (0, 2)}],
    "log_softmax": [{}, {"axis": 0}],
}
ALL = [(name, settings) for name in CASES for settings in CASES[name]]
IN_NUMPY = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "silu": lambda x: x * scipy.special.expit(x),
    "softmax": lambda x: scipy.special.softmax(x, axis=-1),
    "log_softmax": lambda x: scipy.special.log_softmax(x, axis=-1),
}
each = pytest.mark.parametrize("name", CASES)


def both(name):
    return getattr(activations, name), getattr(keras.activations, name)


class AsLayer:
    """What `gradients` asks of a layer."""

    trainable_weights = ()

    def __init__(self, function, settings):
        self.function, self.settings = function, settings

    def __call__(self, x):
        return self.function(x, **self.settings)


@pytest.mark.parametrize("name, settings", ALL, ids=str)
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 1, 7)], ids=str)
def test_values_and_gradients_agree_with_keras(rng, name, settings, shape):
    ours, theirs = both(name)
    x = ops.convert_to_tensor((2 * rng.normal(size=shape)).astype("float32"))
    agree(ours(x, **settings), theirs(x, **settings))
    upstream = ops.convert_to_tensor(rng.normal(size=shape).astype("float32"))
    found, wanted = (
        gradients(AsLayer(f, settings), x, upstream)[0] for f in (ours, theirs)
    )
    agree(found, wanted)


@each
def test_has_the_arguments_and_defaults_of_keras(name):
    ours, theirs = map(inspect.signature, both(name))
    assert ours == theirs


@each
def test_float64_is_as_good_as_scipy(rng, name):
    x = np.concatenate([5 * rng.normal(size=(9, 6)), 800 * rng.normal(size=(9, 6))])
    y = both(name)[0](ops.convert_to_tensor(x, dtype="float64"))
    assert keras.backend.standardize_dtype(y.dtype) == "float64"
    agree(y, IN_NUMPY[name](x), 1e-9)


@each
def test_float32_is_right_at_the_extremes(name):
    x = np.array([[1000, -1000, 3], [1e-30, -1e-30, 0], [-88, -104, 88]], "float32")
    y = both(name)[0](ops.convert_to_tensor(x))
    gap = np.abs(as_array(y) - IN_NUMPY[name](x.astype("float64")))
    assert np.all(gap <= 2e-6 * np.maximum(1, np.abs(x)))


@each
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_agrees_with_keras(rng, name, dtype):
    ours, theirs = both(name)
    x = ops.convert_to_tensor(rng.normal(size=(4, 5)), dtype=dtype)
    y = ours(x)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    agree(y, theirs(x), PRECISIONS[f"mixed_{dtype}"])


@each
def test_nan_comes_out_where_keras_lets_it_out(rng, name):
    ours, theirs = both(name)
    x = rng.normal(size=(3, 4)).astype("float32")
    x[1, 2] = np.nan
    x = ops.convert_to_tensor(x)
    found, wanted = as_array(ours(x)), as_array(theirs(x))
    assert np.isnan(found[1, 2])
    assert np.array_equal(np.isnan(found), np.isnan(wanted))


@each
def test_a_layer_with_it_survives_a_keras_file(rng, tmp_path, name):
    ours, theirs = both(name)
    x = rng.normal(size=(4, 3)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, ours)])
    model.compile(jit_compile=BACKEND == "tensorflow")  # XLA in `predict`
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(
        tmp_path / "model.keras", custom_objects={name: ours}, compile=False
    )
    agree(loaded.predict(x, verbose=0), model.predict(x, verbose=0), 1e-6)
    model.layers[0].activation = theirs
    agree(model(x), loaded(x))


def test_softmaxes_refuse_an_axis_that_is_not_there():
    for function in (*both("softmax"), *both("log_softmax")):
        with pytest.raises(Exception, match=r"(?i)ax[ie]s|dim"):
            function(ops.ones((2, 3)), axis=5)
