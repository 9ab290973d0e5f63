"""FCNN as one flat list of layers; training comes from the call around, as in Keras."""

import keras
import numpy as np
from keras import ops

import course.parts as parts


@keras.saving.register_keras_serializable(package="layerwise")
class FCNN(keras.Model):
    def __init__(self, units, num_classes, dropout_rate, **kwargs):
        super().__init__(**kwargs)
        self.units, self.num_classes = list(units), num_classes
        self.dropout_rate = dropout_rate
        if any(width < 1 for width in self.units) or num_classes < 1:
            raise ValueError("every width is positive")
        dtype = self.dtype_policy
        self.chain = []
        for width in self.units:
            self.chain.append(parts.Dense(width, use_bias=False, dtype=dtype))
            self.chain.append(parts.BatchNormalization(momentum=0.9, dtype=dtype))
            self.chain.append(parts.Dropout(dropout_rate, dtype=dtype))
        self.chain.append(parts.Dense(num_classes, dtype=dtype))

    def build(self, input_shape):
        if None in input_shape[1:]:
            raise ValueError(f"an unknown size in {input_shape}")
        shape = (None, int(np.prod(input_shape[1:])))
        for layer in self.chain:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, inputs):
        print("FCNN on", inputs.shape)
        x = ops.reshape(inputs, (-1, int(np.prod(inputs.shape[1:]))))
        for number, layer in enumerate(self.chain):
            if number % 3 == 2:
                x = ops.maximum(x, 0)
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "num_classes": self.num_classes,
            "dropout_rate": self.dropout_rate,
        }
