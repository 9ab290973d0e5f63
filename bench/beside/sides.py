"""A layer or network of the course and its twin, built with the same weights."""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import keras
import numpy as np

from beside.cases import Case
from course import block_stand_ins, syllabus

Made = Any  # a layer, a network or a function


def both(case: Case, rng: np.random.Generator) -> tuple[Made, Made]:
    """The course's and the other, with the same random weights."""
    ours = course_part(case.name)
    theirs = TWINS[case.twin](case)
    if case.is_function:
        return _called_with(ours, case), _called_with(theirs, case)
    mine = ours(*case.arguments, **case.keywords)
    if not isinstance(theirs, keras.Model):
        theirs = theirs(*case.arguments, **case.keywords)
    for side in (mine, theirs):
        if not side.built:
            side.build((None, *case.shape[1:]))
    values = [_drawn(weight, rng) for weight in theirs.weights if _is_learned(weight)]
    _set(theirs, values)
    reshaped = [
        np.reshape(value, weight.shape)
        for value, weight in zip(values, _learned(mine), strict=True)
    ]
    _set(mine, reshaped)
    return mine, theirs


def course_part(name: str) -> Made:
    """A class or function of the solutions, its parts those of `LAYERWISE_PARTS`."""
    for exercise in syllabus.exercises():
        if name in exercise.names and exercise.may_use == "keras":
            module = f"solutions.{exercise.unit}.{exercise.name}"
            return getattr(importlib.import_module(module), name)
    raise LookupError(f"No exercise of Keras builds {name}.")


def _called_with(function: Made, case: Case) -> Made:
    return lambda x, training=False: function(x, *case.arguments, **case.keywords)


@contextlib.contextmanager
def made_of_keras() -> Iterator[None]:
    """Solutions imported here are made of Keras's layers; afterwards all is as before."""
    registered = keras.saving.get_custom_objects()
    objects, before = dict(registered), _solutions()
    with mock.patch.dict(os.environ, LAYERWISE_PARTS="keras"):
        for name in before:
            del sys.modules[name]
        try:
            yield
        finally:
            for name in _solutions():
                del sys.modules[name]
            sys.modules.update(before)
            registered.clear()
            registered.update(objects)


def _solutions() -> dict[str, Any]:
    return {n: m for n, m in sys.modules.items() if n.startswith("solutions.u")}


def _kerass_own(case: Case) -> Made:
    place = keras.activations if case.is_function else keras.layers
    return getattr(place, case.name)


def _of_keras_parts(case: Case) -> Made:
    with made_of_keras():
        return course_part(case.name)


def _stand_in(case: Case) -> Made:
    return getattr(block_stand_ins, case.name)


def _application(case: Case) -> keras.Model:
    """The network of keras.applications; without dropout, for its results are compared."""
    settings = {"dropout": 0.0} if case.name == "MobileNet" else {}
    return getattr(keras.applications, case.name)(
        weights=None,
        input_shape=case.shape[1:],
        classes=case.classes,
        classifier_activation=None,
        **settings,
    )


TWINS: dict[str, Callable[[Case], Made]] = {
    "keras": _kerass_own,
    "parts": _of_keras_parts,
    "stand-in": _stand_in,
    "application": _application,
}


def _is_learned(weight: Any) -> bool:
    """Not a generator's state, which has no values to give away."""
    return keras.backend.is_float_dtype(weight.dtype)


def _learned(layer: Made) -> list[Any]:
    return [weight for weight in layer.weights if _is_learned(weight)]


def _set(layer: Made, values: list[np.ndarray]) -> None:
    for weight, value in zip(_learned(layer), values, strict=True):
        weight.assign(value)


def _drawn(weight: Any, rng: np.random.Generator) -> np.ndarray:
    """Random weights that neither blow images up nor let them vanish."""
    shape, name = tuple(weight.shape), weight.name
    if name in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape).astype("float32")
    if name in (
        "codes",
        "coefficient",
    ):  # LeNet-5's: what they start with is their kind
        return keras.ops.convert_to_numpy(weight)
    if len(shape) < 2:
        return rng.uniform(-0.3, 0.3, shape).astype("float32")
    one_channel_each = "depthwise" in weight.path or (len(shape) == 4 and shape[3] == 1)
    seen = shape[:2] if one_channel_each else shape[:-1]
    draws = rng.standard_normal(shape, dtype="float32")
    return draws * np.float32(np.sqrt(2 / np.prod(seen)))
