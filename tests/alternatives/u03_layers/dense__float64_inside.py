"""Dense computed in float64 by broadcasting, and cast back at the end."""

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class Dense(keras.Layer):
    def __init__(self, units, activation=None, use_bias=True, **kwargs):
        super().__init__(
            **weights.take_settings(self, kwargs, kernel="glorot_uniform", bias="zeros")
        )
        if units < 1:
            raise ValueError("units")
        self.units, self.use_bias = units, use_bias
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError("the last dimension is unknown")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            **weights.settings(self, "kernel"),
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), **weights.settings(self, "bias")
            )

    def call(self, inputs):
        wide = ops.cast(inputs, "float64")[..., None]  # (…, D, 1)
        y = ops.sum(wide * ops.cast(self.kernel, "float64"), axis=-2)
        if self.use_bias:
            y = ops.cast(self.bias, "float64") + y
        return ops.cast(self.activation(y), self.compute_dtype)

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
