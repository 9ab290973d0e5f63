"""einsum with a letter for each axis, made for the rank; the weights are in a list."""

from itertools import islice

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
            raise ValueError(f"{self.name} can't be built on {tuple(input_shape)}")
        kinds = ["kernel", "bias"][: 1 + self.use_bias]
        shapes = [(input_shape[-1], self.units), (self.units,)]
        self.pieces = [
            self.add_weight(shape, name=kind, **weights.settings(self, kind))
            for kind, shape in zip(kinds, shapes, strict=False)
        ]
        leading = "".join(islice("abcdefgh", len(input_shape) - 1))
        self.equation = f"{leading}X,XY->{leading}Y"

    @property
    def kernel(self):
        return self.pieces[0]

    @property
    def bias(self):
        return self.pieces[1] if self.use_bias else None

    def call(self, inputs):
        y = ops.einsum(self.equation, inputs, self.kernel)
        for bias in self.pieces[1:]:
            y += bias
        return self.activation(y)

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
