"""FCNN with one attribute a layer, by setattr, and keras's Flatten written out."""

import math

import keras
from keras import ops

from course.parts import BatchNormalization, Dense, Dropout


@keras.saving.register_keras_serializable(package="layerwise")
class FCNN(keras.Model):
    def __init__(self, units, num_classes, dropout_rate, **kwargs):
        super().__init__(**kwargs)
        widths = [*units, num_classes]
        if any(isinstance(w, bool) or not isinstance(w, int) or w < 1 for w in widths):
            raise ValueError(f"not all positive integers: {widths}")
        self.units, self.num_classes = list(units), num_classes
        self.dropout_rate = dropout_rate
        policy = self.dtype_policy
        for k, width in enumerate(units):
            setattr(self, f"dense_{k}", Dense(width, use_bias=False, dtype=policy))
            setattr(self, f"norm_{k}", BatchNormalization(momentum=0.9, dtype=policy))
            setattr(self, f"drop_{k}", Dropout(rate=dropout_rate, dtype=policy))
        self.last = Dense(num_classes, dtype=policy)

    def block(self, k):
        return (getattr(self, f"{kind}_{k}") for kind in ("dense", "norm", "drop"))

    def build(self, input_shape):
        sizes = input_shape[1:]
        if any(size is None for size in sizes):
            raise ValueError(f"unknown sizes in {input_shape}")
        width = math.prod(sizes)
        for k, units in enumerate(self.units):
            dense, norm, _ = self.block(k)
            dense.build((None, width))
            norm.build((None, units))
            width = units
        self.last.build((None, width))

    def call(self, inputs, training=None):
        x = inputs
        if len(x.shape) > 2:
            x = ops.reshape(x, (ops.shape(x)[0], -1))
            x = ops.reshape(x, (-1, math.prod(inputs.shape[1:])))
        for k in range(len(self.units)):
            dense, norm, drop = self.block(k)
            x = ops.maximum(norm(dense(x), training=training), 0)
            x = drop(x, training=training)
        return self.last(x)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.num_classes

    def get_config(self):
        return super().get_config() | {
            "units": list(self.units),
            "num_classes": self.num_classes,
            "dropout_rate": self.dropout_rate,
        }
