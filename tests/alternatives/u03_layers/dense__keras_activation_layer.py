"""The activation is a Keras layer of its own; the product a matmul of columns."""

import keras
from keras import layers, ops

from course import weights


@keras.saving.register_keras_serializable(package="layerwise")
class Dense(keras.Layer):
    def __init__(self, units, activation=None, use_bias=True, **kwargs):
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(f"{name} is not built here; leave it out.")
        super().__init__(
            **weights.take_settings(self, kwargs, kernel="glorot_uniform", bias="zeros")
        )
        if type(units) is not int or units < 1:
            raise ValueError(f"units must be a positive integer; got {units!r}.")
        self.units, self.use_bias = units, use_bias
        self.activation = keras.activations.get(activation)
        self.nonlinearity = layers.Activation(self.activation, dtype=self.dtype_policy)

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"{self.name}: {tuple(input_shape)}")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            **weights.settings(self, "kernel"),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), **weights.settings(self, "bias")
            )
        self.nonlinearity.build(self.compute_output_shape(input_shape))

    def call(self, inputs):
        columns = ops.expand_dims(inputs, -1)  # (…, D, 1)
        y = ops.squeeze(ops.matmul(ops.transpose(self.kernel), columns), -1)
        if self.bias is not None:
            y = ops.add(y, self.bias)
        return self.nonlinearity(y)

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
