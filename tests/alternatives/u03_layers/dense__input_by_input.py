"""Adds up what each single input sends to all units. Avec des commentaires en français."""

import keras

from course.weights import config, settings, take_settings


@keras.saving.register_keras_serializable(package="layerwise")
class Dense(keras.Layer):
    def __init__(self, units, activation=None, use_bias=True, **kwargs):
        # d'abord ce qui n'est pas construit ici
        unwanted = {"lora_rank", "lora_alpha", "quantization_config"} & set(kwargs)
        if any(kwargs.pop(name) is not None for name in unwanted):
            raise ValueError(f"pas construit ici : {unwanted}")
        rest = take_settings(self, kwargs, kernel="glorot_uniform", bias="zeros")
        super().__init__(**rest)
        if isinstance(units, bool) or not isinstance(units, int) or units <= 0:
            raise ValueError(f"units = {units} n'est pas un entier positif")
        self.units, self.use_bias = units, use_bias
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        if len(input_shape) <= 1 or not input_shape[-1]:
            raise ValueError(f"la forme {input_shape} ne va pas")
        self.features = input_shape[-1]
        shape = (self.features, self.units)
        self.kernel = self.add_weight(shape, name="kernel", **settings(self, "kernel"))
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), name="bias", **settings(self, "bias")
            )

    def call(self, inputs):
        # la somme commence par le biais
        total = self.bias if self.use_bias else 0
        for d in range(self.features):
            total = total + inputs[..., d : d + 1] * self.kernel[d]
        return self.activation(total)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[:-1]) + (self.units,)

    def get_config(self):
        own = config(self, "kernel", "bias")
        own.update(units=self.units, use_bias=self.use_bias)
        own["activation"] = keras.activations.serialize(self.activation)
        return super().get_config() | own
