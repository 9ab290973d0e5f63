"""Every product at once, (…, D, U), then a sum; noisy on both channels."""

import warnings

import keras
from keras import ops

from course import weights


class UnitsError(ValueError):
    """Not a number of units."""


def checked(units):
    if type(units) is int and units > 0:
        return units
    raise UnitsError(units)


@keras.saving.register_keras_serializable(package="layerwise")
class Dense(keras.layers.Layer):
    def __init__(self, units, activation=None, use_bias=True, **kwargs):
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(name)
        super().__init__(
            **weights.take_settings(self, kwargs, kernel="glorot_uniform", bias="zeros")
        )
        warnings.warn(f"a Dense of {units} units", stacklevel=2)
        self.units = checked(units)
        self.use_bias = use_bias
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        *leading, features = shape
        print("leading", leading, "features", features)
        if not leading or features is None:
            raise ValueError(shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            **weights.settings(self, "kernel"),
        )
        self.bias = (
            self.add_weight(
                name="bias", shape=(self.units,), **weights.settings(self, "bias")
            )
            if self.use_bias
            else 0.0
        )
        super().build(shape)

    def call(self, inputs):
        products = ops.multiply(ops.expand_dims(inputs, axis=-1), self.kernel)
        return self.activation(ops.sum(products, axis=-2) + self.bias)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weights.config(self, "kernel", "bias"),
        }
