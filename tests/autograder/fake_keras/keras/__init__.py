"""As much of Keras as a template and a worker touch, imported in no time."""

import os
import sys
import types

import numpy as np


class Layer:
    pass


class Model(Layer):
    pass


class Variable:
    pass


def _module(name, **names):
    module = types.ModuleType(f"keras.{name}")
    vars(module).update(names)
    sys.modules[module.__name__] = module
    return module


def _ones(shape):
    if "FAKE_KERAS_FAILS" in os.environ:
        raise RuntimeError("no operation runs")
    return np.ones(shape)


class _Dense(Layer):
    def __init__(self, units, name=None):
        pass

    def __call__(self, inputs):
        return inputs


layers = _module("layers", Layer=Layer, Dense=_Dense)
ops = _module(
    "ops", ones=_ones, convert_to_numpy=np.asarray, is_tensor=lambda value: False
)
saving = _module("saving", get_custom_objects=dict)
config = _module(
    "config",
    floatx=lambda: "float32",
    epsilon=lambda: 1e-7,
    image_data_format=lambda: "channels_last",
    dtype_policy=lambda: types.SimpleNamespace(name="float32"),
)
src = _module("src")
_module("src.utils")
_module(
    "src.utils.rng_utils",
    GLOBAL_RANDOM_SEED="seed",
    seed_generator=types.SimpleNamespace(GLOBAL_SEED_GENERATOR="generator"),
)
_module("src.backend")
_module("src.backend.common")
_module(
    "src.backend.common.global_state", set_global_attribute=lambda name, value: None
)
