"""Gathers the windows with index tables, in float64, and talks while it does."""

import warnings

import keras
import numpy as np
from keras import ops

from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair

print("pooling is being imported")


def tables(size, window, stride, padding):
    """For each place and cell, which pixel lies there, and whether there is one."""
    places = output_size(size, window, stride, padding)
    before = 0
    if padding == "same":
        before = max((places - 1) * stride + window - size, 0) // 2
    index = np.arange(places)[:, None] * stride + np.arange(window)[None] - before
    return np.clip(index, 0, size - 1), (index >= 0) & (index < size)


class Windows(keras.Layer):
    def __init__(
        self,
        pool_size=(2, 2),
        strides=None,
        padding="valid",
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.pool_size = pair(pool_size, "pool_size")
        self.strides = pair(pool_size if strides is None else strides, "strides")
        self.padding = padding.lower()
        self.data_format = resolved(data_format)

    def gathered(self, inputs):
        """Windows (B, H', kh, W', kw, C) and the mask of their real pixels."""
        print("windows of", inputs.shape)
        warnings.warn("this goes to standard error", stacklevel=1)
        (rows, real_rows), (columns, real_columns) = (
            tables(size, window, stride, self.padding)
            for size, window, stride in zip(
                inputs.shape[1:3], self.pool_size, self.strides, strict=True
            )
        )
        x = ops.cast(inputs, "float64")
        x = ops.take(ops.take(x, rows, axis=1), columns, axis=3)
        real = real_rows[:, :, None, None, None] & real_columns[None, None, :, :, None]
        return x, real

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        (kh, kw), (sh, sw) = self.pool_size, self.strides
        return (
            batch,
            output_size(height, kh, sh, self.padding),
            output_size(width, kw, sw, self.padding),
            channels,
        )

    def get_config(self):
        config = super().get_config()
        config.update(
            pool_size=self.pool_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
        )
        return config


@keras.saving.register_keras_serializable(package="layerwise")
class MaxPooling2D(Windows):
    @sees_channels_last
    def call(self, inputs):
        x, real = self.gathered(inputs)
        x = ops.where(ops.convert_to_tensor(real), x, -np.inf)
        return ops.cast(ops.max(x, axis=(2, 4)), inputs.dtype)


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(Windows):
    @sees_channels_last
    def call(self, inputs):
        x, real = self.gathered(inputs)
        share = real / real.sum(axis=(1, 3), keepdims=True)
        y = ops.sum(x * ops.convert_to_tensor(share), axis=(2, 4))
        return ops.cast(y, inputs.dtype)


class Whole(keras.Layer):
    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.keepdims, self.data_format = keepdims, resolved(data_format)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        ends = (1, 1, input_shape[3]) if self.keepdims else (input_shape[3],)
        return (input_shape[0], *ends)

    def get_config(self):
        mine = {"keepdims": self.keepdims, "data_format": self.data_format}
        return {**super().get_config(), **mine}


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalMaxPooling2D(Whole):
    @sees_channels_last
    def call(self, inputs):
        print("global maximum")
        return -ops.min(-inputs, axis=[1, 2], keepdims=self.keepdims)


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(Whole):
    @sees_channels_last
    def call(self, inputs):
        wide = ops.cast(inputs, "float64")
        size = inputs.shape[1] * inputs.shape[2]
        total = ops.sum(wide, axis=[1, 2], keepdims=self.keepdims)
        return ops.cast(total / size, inputs.dtype)
