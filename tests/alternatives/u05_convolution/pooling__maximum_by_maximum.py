"""Two at a time: maximum of maximum, sum of sum. Means via the count of each place."""

import functools
import itertools
import math
import warnings

import keras
from keras import ops

from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


def cells(x, pool_size, strides):
    """What lies under each cell of the window, one after the other."""
    height, width = ops.shape(x)[1:3]
    for p, q in itertools.product(range(pool_size[0]), range(pool_size[1])):
        rows = slice(p, height - pool_size[0] + p + 1, strides[0])
        columns = slice(q, width - pool_size[1] + q + 1, strides[1])
        yield x[:, rows, columns]


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
        warnings.warn(f"{type(self).__name__} on {input_shape}", stacklevel=2)
        self.compute_output_shape(input_shape)

    def folded(self, function, x, value):
        if self.padding == "same":
            sizes = ops.shape(x)[1:3]
            rows = same_padding(sizes[0], self.pool_size[0], self.strides[0])
            columns = same_padding(sizes[1], self.pool_size[1], self.strides[1])
            x = ops.pad(x, ((0, 0), rows, columns, (0, 0)), constant_values=value)
        return functools.reduce(function, cells(x, self.pool_size, self.strides))

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
        def larger(a, b):
            return ops.where(ops.greater_equal(a, b), a, b)

        return self.folded(larger, inputs, -math.inf)


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(WindowPooling2D):
    @sees_channels_last
    def call(self, inputs):
        together = ops.concatenate([inputs, ops.ones_like(inputs[..., -1:])], axis=-1)
        sums = self.folded(ops.add, together, 0.0)
        return sums[..., :-1] / sums[..., -1:]


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
        y = ops.max(ops.max(inputs, axis=1), axis=1)
        return ops.expand_dims(y, (1, 2)) if self.keepdims else y


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(GlobalPooling2D):
    @sees_channels_last
    def call(self, inputs):
        height, width = ops.shape(inputs)[1:3]
        pixels = ops.cast(height * width, inputs.dtype)
        return ops.sum(inputs / pixels, axis=(1, 2), keepdims=self.keepdims)
