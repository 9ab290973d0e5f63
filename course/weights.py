"""How a layer's weights are started, penalised and bound: handled once, for all layers.

Keras gives every weight of a layer three arguments: an initializer, a regularizer and a
constraint. A course layer lists them as its namesake does and hands them on:

    def __init__(
        self,
        units,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        kernel_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        keep_settings(
            self, kernel=(kernel_initializer, kernel_regularizer, kernel_constraint)
        )

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=…, **settings(self, "kernel"))

    def get_config(self):
        return {**super().get_config(), "units": self.units, **config(self, "kernel")}

A layer that takes the place of none of Keras's may leave them in `**kwargs`:

        super().__init__(**take_settings(self, kwargs, kernel="glorot_uniform"))
"""

from typing import Any

import keras

Three = tuple[Any, Any, Any]  # initializer, regularizer, constraint


def keep_settings(layer: keras.Layer, **given: Three) -> None:
    """Sets `<weight>_initializer`, `_regularizer` and `_constraint` on the layer.

    Args:
        layer: The layer whose `__init__` this is, after that of Keras.
        given: The three of each weight, in this order, by the weight's name.

    Raises:
        ValueError: If one of them is unknown to Keras, or the layer's dtype quantized.
    """
    _refuse_quantized(layer.dtype_policy)
    _keep(layer, given)


def take_settings(
    layer: keras.Layer, kwargs: dict[str, Any], **initializers: str
) -> dict[str, Any]:
    """`keep_settings` for arguments that are not listed.

    Args:
        layer: The layer whose `__init__` this is.
        kwargs: Its remaining keyword arguments.
        initializers: The default initializer of each weight, by the weight's name.

    Returns:
        What is left of `kwargs`, for `super().__init__`.

    Raises:
        ValueError: As `keep_settings`.
    """
    rest = dict(kwargs)
    _refuse_quantized(keras.dtype_policies.get(rest.get("dtype")))
    _keep(
        layer,
        {
            weight: (
                rest.pop(f"{weight}_initializer", default),
                rest.pop(f"{weight}_regularizer", None),
                rest.pop(f"{weight}_constraint", None),
            )
            for weight, default in initializers.items()
        },
    )
    return rest


def refuse(**arguments: Any) -> None:
    """For arguments of a namesake that are not built here, by their names.

    Raises:
        ValueError: If one of them is neither None nor False.
    """
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise ValueError(f"{name} is not built here; leave it out.")


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


def _keep(layer: keras.Layer, given: dict[str, Three]) -> None:
    for weight, (initializer, regularizer, constraint) in given.items():
        setattr(layer, f"{weight}_initializer", keras.initializers.get(initializer))
        setattr(layer, f"{weight}_regularizer", keras.regularizers.get(regularizer))
        setattr(layer, f"{weight}_constraint", keras.constraints.get(constraint))


def _refuse_quantized(policy: Any) -> None:
    """Keras takes such a policy from any layer, and most then fail when called."""
    if policy.quantization_mode is not None:
        raise ValueError(
            f"dtype {policy.name} is quantized, and quantization is not built here; "
            "choose a floating-point dtype, such as float32."
        )
