"""BottleneckBlock as a list of steps; the shortcut takes its pixels by number."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D


@keras.saving.register_keras_serializable(package="layerwise")
class BottleneckBlock(keras.Layer):
    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        if not all(isinstance(n, int) for n in (filters, strides)):
            raise ValueError(f"{filters}, {strides}")
        if min(filters, strides) < 1:
            raise ValueError(f"{filters}, {strides}")
        self.filters, self.strides = filters, strides

    def settings(self):
        return {
            "use_bias": False,
            "kernel_initializer": "he_normal",
            "dtype": self.dtype_policy,
        }

    def pointwise(self, channels, filters):
        """A 1×1 convolution, its kernel in Keras's shape."""
        layer = Conv2D(filters, 1, **self.settings())
        layer.build((None, None, None, channels))
        return layer

    def norm(self, channels):
        layer = BatchNormalization(epsilon=1e-5, momentum=0.9, dtype=self.dtype_policy)
        layer.build((None, None, None, channels))
        return layer

    def build(self, input_shape):
        thin, wide, channels = self.filters, self.filters * 4, input_shape[-1]
        look = Conv2D(thin, (3, 3), strides=self.strides, **self.settings())
        look.build((None, None, None, thin))
        self.steps = [self.pointwise(channels, thin), self.norm(thin)]
        self.steps += [look, self.norm(thin)]
        self.steps += [self.pointwise(thin, wide), self.norm(wide)]
        self.skip = []
        if (self.strides, channels) != (1, wide):
            self.skip = [self.pointwise(channels, wide), self.norm(wide)]

    def call(self, inputs):
        x = inputs
        for number, step in enumerate(self.steps):
            x = step(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]) if number == 2 else x)
            if number in (1, 3):
                x = keras.activations.relu(x)
        kept = inputs
        if self.skip:
            rows = ops.arange(0, inputs.shape[1], self.strides)
            columns = ops.arange(0, inputs.shape[2], self.strides)
            kept = ops.take(ops.take(kept, rows, axis=1), columns, axis=2)
        for step in self.skip:
            kept = step(kept)
        return keras.activations.relu(x + kept)

    def compute_output_shape(self, input_shape):
        sizes = [
            n if n is None else len(range(0, n, self.strides)) for n in input_shape[1:3]
        ]
        return (input_shape[0], *sizes, 4 * self.filters)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "strides": self.strides}
