"""What a check leaves behind in a process that serves another one after it.

Where a worker can't be forked, starting a fresh one for each check would take minutes
an exercise. So a worker is used again, if nothing it shares with the next check has
changed. This is against accidents, not against malice: nobody else's code runs there.
"""

import gc
import operator
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_WITH_ALL_BELOW = ("builtins", "math", "random", "numpy", "keras", "course")
_ALONE = ("torch", "torch.nn.functional", "tensorflow", "tensorflow.nn")
_PRIVATE = ("keras.src.", "numpy._")


class Traces:
    """Remembers how things are now."""

    def __init__(self) -> None:
        import keras

        self.look_again()
        self._names = [(vars(owner), *_public(owner)) for owner in _owners()]
        self._modules = set(sys.modules)
        self._registered = dict(keras.saving.get_custom_objects())

    def look_again(self) -> None:
        """Takes the settings as they are now for those of the start."""
        self._settings = _settings()

    def wiped(self) -> bool:
        """Clears what Keras keeps about layers; False if that is not all there is.

        Settings must be as they were, and public names stand for what they stood for.
        """
        import keras

        if self._settings != _settings() or not self._names_are_as_before():
            return False
        _forget_layers()
        objects = keras.saving.get_custom_objects()
        objects.clear()
        objects.update(self._registered)
        for name in set(sys.modules) - self._modules:
            if name.startswith("submission_"):
                del sys.modules[name]
        return True

    def _names_are_as_before(self) -> bool:
        return all(
            all(map(operator.is_, map(now.get, names), values))
            for now, names, values in self._names
        )


def _forget_layers() -> None:
    """As `keras.utils.clear_session`, but the backend keeps the kernels it has made:
    making them again takes TensorFlow half the time of a check."""
    from keras.src.backend.common import global_state

    global_state.GLOBAL_STATE_TRACKER = threading.local()
    global_state.GLOBAL_SETTINGS_TRACKER = threading.local()
    gc.collect()


def _owners() -> list[Any]:
    """The modules and classes whose names a submission may have changed."""
    import keras

    modules = [
        module
        for name, module in list(sys.modules.items())
        if (name.partition(".")[0] in _WITH_ALL_BELOW or name in _ALONE)
        and not name.startswith(_PRIVATE)
        and hasattr(module, "__dict__")
    ]
    return [*modules, keras.Layer, keras.Model, keras.Variable]


def _public(owner: Any) -> tuple[list[str], list[Any]]:
    """Names and what they stand for; of a class, the special methods too."""
    whole = isinstance(owner, type)
    names = [n for n in vars(owner) if whole or not n.startswith("_")]
    return names, [vars(owner)[name] for name in names]


def _settings() -> dict[str, Any]:
    import keras

    found: dict[str, Any] = {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "threads": threading.active_count(),
        "errors": np.geterr(),
        "floats": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "layout": keras.config.image_data_format(),
        "policy": keras.config.dtype_policy().name,
        "recursion": sys.getrecursionlimit(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        asked: tuple[Callable[[], Any], ...] = (
            torch.get_default_dtype,
            torch.is_grad_enabled,
            torch.get_num_threads,
            torch.are_deterministic_algorithms_enabled,
        )
        found["torch"] = [ask() for ask in asked]
    return found
