"""Dense as one matrix product: all leading axes are rolled up and unrolled again."""

import keras
from keras import ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class Dense(keras.Layer):
    def __init__(self, units, activation=None, use_bias=True, **kwargs):
        if not isinstance(units, int) or units <= 0:
            raise ValueError(f"bad units {units}")
        super().__init__(
            **weights.take_settings(self, kwargs, kernel="glorot_uniform", bias="zeros")
        )
        self.units = units
        self.use_bias = use_bias
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"bad input shape {input_shape}")
        self.features = input_shape[-1]
        self.kernel = self.add_weight(
            shape=(self.features, self.units), **weights.settings(self, "kernel")
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,), **weights.settings(self, "bias")
            )

    def call(self, inputs):
        leading = ops.shape(inputs)[:-1]
        rows = ops.reshape(inputs, (-1, self.features))
        y = ops.matmul(rows, self.kernel)
        if self.use_bias:
            y += self.bias
        y = ops.reshape(y, (*leading, self.units))
        return y if self.activation is None else self.activation(y)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:-1]) + (self.units,)

    def get_config(self):
        config = super().get_config()
        config["units"] = self.units
        config["activation"] = keras.activations.serialize(self.activation)
        config["use_bias"] = self.use_bias
        config.update(weights.config(self, "kernel", "bias"))
        return config
