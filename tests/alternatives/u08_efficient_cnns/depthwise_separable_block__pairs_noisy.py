"""DepthwiseSeparableBlock as a list of pairs, `training` handed on; it talks."""

import keras
from keras import ops

from course import parts


@keras.saving.register_keras_serializable(package="layerwise")
class DepthwiseSeparableBlock(keras.layers.Layer):
    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("filters", filters), ("strides", strides)):
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"{name} is {value}")
        self.filters, self.strides = filters, strides

    def build(self, input_shape):
        print("building on", input_shape)
        like = {"use_bias": False, "dtype": self.dtype_policy}
        channels = input_shape[-1]
        if channels is None:
            raise ValueError("how many channels?")
        first = parts.DepthwiseConv2D(
            (3, 3), strides=(self.strides, self.strides), padding="SAME", **like
        )
        self.pairs = []
        for look, seen, made in (
            (first, channels, channels),
            (parts.Conv2D(self.filters, (1, 1), **like), channels, self.filters),
        ):
            settle = parts.BatchNormalization(dtype=self.dtype_policy)
            look.build((None, None, None, seen))
            settle.build((None, None, None, made))
            self.pairs.append([look, settle])

    def call(self, inputs, training=False):
        print("called on", inputs.shape)
        x = inputs
        for look, settle in self.pairs:
            x = settle(look(x), training=training)
            x = ops.minimum(ops.maximum(x, ops.zeros_like(x)), 6 * ops.ones_like(x))
        return x

    def compute_output_shape(self, input_shape):
        size = [n and (n + self.strides - 1) // self.strides for n in input_shape[1:3]]
        return (input_shape[0], *size, self.filters)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "strides": self.strides}
