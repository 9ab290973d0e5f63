"""How a layer's weights are started, penalised and bound: handled once, for all layers.

Keras gives every weight of a layer three arguments: an initializer, a regularizer and a
constraint. A course layer takes them without listing them:

    def __init__(self, units, **kwargs):
        super().__init__(**take_settings(self, kwargs, kernel="glorot_uniform"))

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=…, **settings(self, "kernel"))

    def get_config(self):
        return {**super().get_config(), "units": self.units, **config(self, "kernel")}
"""

from typing import Any

import keras


def take_settings(
    layer: keras.Layer, kwargs: dict[str, Any], **initializers: str
) -> dict[str, Any]:
    """Sets `<weight>_initializer`, `_regularizer` and `_constraint` on the layer.

    Args:
        layer: The layer whose `__init__` this is.
        kwargs: Its remaining keyword arguments.
        initializers: The default initializer of each weight, by the weight's name.

    Returns:
        What is left of `kwargs`, for `super().__init__`.

    Raises:
        ValueError: If an initializer, regularizer or constraint is unknown to Keras.
    """
    rest = dict(kwargs)
    regularizer = rest.pop("activity_regularizer", None)
    for weight, default in initializers.items():
        initializer = rest.pop(f"{weight}_initializer", default)
        setattr(layer, f"{weight}_initializer", keras.initializers.get(initializer))
        for role, get in (
            ("regularizer", keras.regularizers.get),
            ("constraint", keras.constraints.get),
        ):
            setattr(layer, f"{weight}_{role}", get(rest.pop(f"{weight}_{role}", None)))
    if regularizer is not None:
        rest["activity_regularizer"] = keras.regularizers.get(regularizer)
    return rest


def settings(layer: keras.Layer, weight: str) -> dict[str, Any]:
    """The three settings of one weight, as arguments of `add_weight`."""
    return {
        role: getattr(layer, f"{weight}_{role}")
        for role in ("initializer", "regularizer", "constraint")
    }


def config(layer: keras.Layer, *weights: str) -> dict[str, Any]:
    """The settings of the weights as plain values, for `get_config`."""
    found: dict[str, Any] = {}
    for weight in weights:
        found[f"{weight}_initializer"] = keras.initializers.serialize(
            getattr(layer, f"{weight}_initializer")
        )
        found[f"{weight}_regularizer"] = keras.regularizers.serialize(
            getattr(layer, f"{weight}_regularizer")
        )
        found[f"{weight}_constraint"] = keras.constraints.serialize(
            getattr(layer, f"{weight}_constraint")
        )
    if layer.activity_regularizer is not None:
        found["activity_regularizer"] = keras.regularizers.serialize(
            layer.activity_regularizer
        )
    return found
