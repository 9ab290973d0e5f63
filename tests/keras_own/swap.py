"""Puts the course's classes and functions in the place of Keras's, all over Keras."""

import sys
import types
from typing import Any

import keras

from course import parts, syllabus

PLACES = (
    keras.layers,
    keras.activations,
    keras.optimizers,
    keras.losses,
    keras.metrics,
)
OTHERWISE = {"WarmupCosine": keras.optimizers.schedules.CosineDecay}


def namesakes() -> dict[str, Any]:
    """What Keras has in the place of each name of the syllabus, if it has anything."""
    found = dict(OTHERWISE)
    for exercise in syllabus.exercises():
        if exercise.may_use == "keras":
            for name in exercise.names:
                for place in PLACES:
                    if hasattr(place, name):
                        found[name] = getattr(place, name)
    return found


def swap() -> dict[str, Any]:
    """Sets the reference solutions wherever a module of Keras has their namesakes.

    Returns:
        What has been replaced, by Keras's name for it.
    """
    pairs = [(built_in, parts.part(name)) for name, built_in in namesakes().items()]
    if keras.backend.backend() == "torch":
        _keep_fused_optimizers()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "keras":
            for built_in, own in pairs:
                _set(module, built_in, own)
    return {built_in.__name__: built_in for built_in, _ in pairs}


def _keep_fused_optimizers():
    """On PyTorch `Adam()` makes a fused twin, looked up by its class.

    The twins must stay Keras's: one that took ours for its base would put its own
    update in the place of what is to be tested.
    """
    from keras.src.backend.torch.optimizers import torch_optimizer

    keras.optimizers.SGD()  # imports all twins, while their bases are Keras's
    torch_optimizer.optimizers = types.SimpleNamespace(**vars(keras.src.optimizers))


def _set(module: Any, built_in: Any, own: Any) -> None:
    for attribute, value in list(vars(module).items()):
        if value is built_in:
            setattr(module, attribute, own)
        elif isinstance(value, dict) and module.__name__.startswith("keras.src."):
            for key in [key for key, entry in value.items() if entry is built_in]:
                value[key] = own  # so that activation="relu" finds ours
