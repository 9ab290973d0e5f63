"""Dense as the textbook draws it: one neuron after another, each a weighted sum."""

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
        print("building Dense for", input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            **weights.settings(self, "kernel"),
        )
        self.bias = (
            self.add_weight(
                name="bias", shape=(self.units,), **weights.settings(self, "bias")
            )
            if self.use_bias
            else None
        )

    def call(self, inputs):
        print("calling Dense on", inputs.shape)
        neurons = []
        for unit in range(self.units):
            total = ops.sum(inputs * self.kernel[:, unit], axis=-1)
            if self.bias is not None:
                total = total + self.bias[unit]
            neurons.append(total)
        return self.activation(ops.stack(neurons, axis=-1))

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
