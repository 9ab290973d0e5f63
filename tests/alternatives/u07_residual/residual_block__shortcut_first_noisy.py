"""ResidualBlock that knows its projection early, hands `training` on, and talks."""

import keras
from keras import ops

from course import parts


@keras.saving.register_keras_serializable(package="layerwise")
class ResidualBlock(keras.layers.Layer):
    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("filters", filters), ("strides", strides)):
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"{name} is {value}")
        self.filters, self.strides = filters, strides

    def pair(self, size, strides):
        convolution = parts.Conv2D(
            self.filters,
            (size, size),
            strides=(strides, strides),
            padding="valid",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(),
            dtype=self.dtype_policy,
        )
        return convolution, parts.BatchNormalization(
            epsilon=1e-5, momentum=0.9, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        print("building on", input_shape)
        channels = int(input_shape[-1])
        self.layers_ = [*self.pair(3, self.strides), *self.pair(3, 1)]
        if not (self.strides == 1 and channels == self.filters):
            self.layers_ += self.pair(1, self.strides)
        for place, layer in enumerate(self.layers_):
            seen = channels if place in (0, 4) else self.filters
            layer.build((None, None, None, seen))

    def call(self, inputs, training=False):
        print("called on", inputs.shape, "training:", training)
        conv1, norm1, conv2, norm2, *rest = self.layers_
        out = inputs
        for layer in rest:
            out = layer(out, training=training) if layer is rest[-1] else layer(out)
        x = norm1(conv1(around(inputs)), training=training)
        x = ops.where(x > 0, x, ops.zeros_like(x))
        out = out + norm2(conv2(around(x)), training=training)
        return ops.maximum(out, ops.zeros_like(out))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        if height is not None:
            height = (height + self.strides - 1) // self.strides
        if width is not None:
            width = (width + self.strides - 1) // self.strides
        return batch, height, width, self.filters

    def get_config(self):
        config = super().get_config()
        config.update(filters=self.filters, strides=self.strides)
        return config


def around(x):
    """Zeros as an image of its own, put beside."""
    row = ops.zeros_like(x[:, :1])
    x = ops.concatenate([row, x, row], axis=1)
    column = ops.zeros_like(x[:, :, :1])
    return ops.concatenate([column, x, column], axis=2)
