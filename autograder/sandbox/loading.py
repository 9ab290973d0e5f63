"""Executing a submission's source as a module, with what is forbidden switched off."""

import sys
import types
from collections.abc import Iterable
from typing import Any


class ForbiddenAPI(Exception):
    """The submission called something that the exercise is about."""


def load_module(source: str, filename: str, name: str) -> types.ModuleType:
    """Compiles and runs `source`.

    Args:
        source: The file's text.
        filename: What tracebacks show.
        name: The module's name, also in `sys.modules`.
    """
    module = types.ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module
    exec(compile(source, filename, "exec"), module.__dict__)
    return module


def _trap(dotted: str) -> Any:
    def refuse(*args, **kwargs):
        raise ForbiddenAPI(
            f"{dotted} does what this exercise asks you to write; it is switched off "
            "here. Build it from arithmetic, matmul, reshape, slices and reductions."
        )

    refuse.__name__ = dotted.rpartition(".")[2]
    return refuse


def switch_off(dotted_names: Iterable[str]) -> None:
    """Puts a refusal in the place of each public name that exists here.

    Keras's own modules reach each other below `keras.src`, so its built-in training
    loop and its serialization go on working. A whole forbidden module is left to the
    static analysis. For untrusted processes only: it changes Keras for good.
    """
    for dotted in dotted_names:
        module_name, _, attribute = dotted.rpartition(".")
        module = sys.modules.get(module_name)
        value = getattr(module, attribute, None)
        if callable(value) and not isinstance(value, types.ModuleType):
            setattr(module, attribute, _trap(dotted))
