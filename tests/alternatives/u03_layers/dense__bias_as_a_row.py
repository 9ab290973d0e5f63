"""The bias is one more row of the matrix; the input gets a column of ones."""

import keras
from keras import ops

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

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"{self.name}: input shape {tuple(input_shape)}")
        for name, shape in {
            "kernel": (input_shape[-1], self.units),
            "bias": (self.units,),
        }.items():
            if name == "kernel" or self.use_bias:
                weight = self.add_weight(
                    name=name, shape=shape, **weights.settings(self, name)
                )
                setattr(self, name, weight)

    def call(self, inputs):
        matrix = ops.convert_to_tensor(self.kernel)
        if self.use_bias:
            row = ops.expand_dims(ops.convert_to_tensor(self.bias), 0)
            matrix = ops.concatenate([matrix, row], axis=0)  # (D + 1, U)
            inputs = ops.concatenate([inputs, ops.ones_like(inputs[..., :1])], axis=-1)
        y = ops.einsum("...i,io->...o", inputs, matrix)
        return y if self.activation is None else self.activation(y)

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
