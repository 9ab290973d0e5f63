"""Keras's layers, wherever they are kept."""

from typing import Any

import keras

from course import parts


def built_in(name: str) -> Any:
    """One of Keras's layers, also where the sandbox has switched them off."""
    return parts.KEPT.get(name) or getattr(keras.layers, name)
