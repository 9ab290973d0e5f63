"""Means from running totals (a summed-area table) in float64; maxima row by row."""

import keras
from keras import ops

from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


class WindowPooling2D(keras.Layer):
    def __init__(
        self, pool_size, strides=None, padding="valid", data_format=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.pool_size = pair(pool_size, "pool_size")
        self.strides = pair(pool_size if strides is None else strides, "strides")
        self.padding = str(padding).lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        self.data_format = resolved(data_format)
        self.input_spec = keras.InputSpec(ndim=4)

    def build(self, input_shape):
        self.compute_output_shape(input_shape)

    def padded(self, x, value, more=0):
        """As `padding` asks, and `more` at the top and on the left."""
        (top, bottom), (left, right) = (0, 0), (0, 0)
        if self.padding == "same":
            height, width = ops.shape(x)[1:3]
            top, bottom = same_padding(height, self.pool_size[0], self.strides[0])
            left, right = same_padding(width, self.pool_size[1], self.strides[1])
        return ops.pad(
            x,
            ((0, 0), (top + more, bottom), (left + more, right), (0, 0)),
            constant_values=value,
        )

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        height, width = (
            output_size(size, window, stride, self.padding)
            for size, window, stride in zip(
                sizes, self.pool_size, self.strides, strict=True
            )
        )
        return (batch, height, width, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class MaxPooling2D(WindowPooling2D):
    def __init__(
        self,
        pool_size=(2, 2),
        strides=None,
        padding="valid",
        data_format=None,
        **kwargs,
    ):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)

    @sees_channels_last
    def call(self, inputs):
        x = self.padded(inputs, float("-inf"))
        for axis, window, stride in zip(
            (1, 2), self.pool_size, self.strides, strict=True
        ):
            x = ops.moveaxis(x, axis, 0)
            last = ops.shape(x)[0] - window + 1
            x = ops.stack([x[p : last + p : stride] for p in range(window)])
            x = ops.moveaxis(ops.max(x, axis=0), 0, axis)
        return x


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(WindowPooling2D):
    @sees_channels_last
    def call(self, inputs):
        wide = ops.cast(inputs, "float64")
        y = self.totals(wide) / self.totals(ops.ones_like(wide))
        return ops.cast(y, inputs.dtype)

    def totals(self, x):
        """The sum of each window: the difference of four running totals."""
        table = ops.cumsum(ops.cumsum(self.padded(x, 0.0, more=1), axis=1), axis=2)
        for axis, window, stride in zip(
            (1, 2), self.pool_size, self.strides, strict=True
        ):
            table = ops.moveaxis(table, axis, 0)
            last = ops.shape(table)[0] - window
            table = table[window::stride] - table[:last:stride]
            table = ops.moveaxis(table, 0, axis)
        return table


class GlobalPooling2D(keras.Layer):
    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.data_format = resolved(data_format)
        self.keepdims = keepdims
        self.input_spec = keras.InputSpec(ndim=4)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, _, _, channels = input_shape
        return (batch, 1, 1, channels) if self.keepdims else (batch, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "data_format": self.data_format,
            "keepdims": self.keepdims,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalMaxPooling2D(GlobalPooling2D):
    @sees_channels_last
    def call(self, inputs):
        y = ops.max(inputs, axis=[1, 2], keepdims=True)
        return y if self.keepdims else y[:, 0, 0]


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(GlobalPooling2D):
    @sees_channels_last
    def call(self, inputs):
        print("mean of", ops.shape(inputs))
        rows = ops.mean(ops.cast(inputs, "float64"), axis=1, keepdims=True)
        y = ops.cast(ops.mean(rows, axis=2, keepdims=True), inputs.dtype)
        return y if self.keepdims else y[:, 0, 0]
