"""Separable: rows first, then columns. Means are products with two small matrices."""

import functools

import keras
import numpy as np
from keras import ops

from course.data_format import resolved
from course.shapes import output_size, pair, same_padding

AXES = {"channels_last": (1, 2), "channels_first": (2, 3)}  # rows, columns


def _layout(size, window, stride, padding):
    """Places of one axis, and the padding before and after it."""
    rest = same_padding(size, window, stride) if padding == "same" else (0, 0)
    return output_size(size, window, stride, padding), rest


class _Pooling(keras.Layer):
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
        self.strides = self.pool_size if strides is None else pair(strides, "strides")
        self.padding = padding.lower()
        assert self.padding in ("valid", "same")
        self.data_format = resolved(data_format)

    def call(self, inputs):
        y = inputs
        for axis, window, stride in zip(
            AXES[self.data_format], self.pool_size, self.strides, strict=True
        ):
            y = self.along(y, axis, window, stride)
        return y

    def compute_output_shape(self, shape):
        found = list(shape)
        for axis, window, stride in zip(
            AXES[self.data_format], self.pool_size, self.strides, strict=True
        ):
            found[axis] = output_size(shape[axis], window, stride, self.padding)
        return tuple(found)

    def get_config(self):
        return dict(
            super().get_config(),
            pool_size=self.pool_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
        )


@keras.saving.register_keras_serializable(package="layerwise")
class MaxPooling2D(_Pooling):
    def along(self, x, axis, window, stride):
        places, rest = _layout(x.shape[axis], window, stride, self.padding)
        widths = [(0, 0)] * 4
        widths[axis] = rest
        x = ops.pad(x, widths, constant_values=float("-inf"))
        views = [
            ops.take(x, np.arange(places) * stride + p, axis=axis)
            for p in range(window)
        ]
        return functools.reduce(ops.maximum, views)


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(_Pooling):
    def along(self, x, axis, window, stride):
        places, (before, _) = _layout(x.shape[axis], window, stride, self.padding)
        pixel = np.arange(x.shape[axis])[None] + before
        first = np.arange(places)[:, None] * stride
        inside = ((first <= pixel) & (pixel < first + window)).astype("float64")
        matrix = inside / inside.sum(1, keepdims=True)  # places × pixels
        matrix = ops.cast(ops.convert_to_tensor(matrix), x.dtype)
        x = ops.moveaxis(x, axis, 3)
        return ops.moveaxis(ops.matmul(x, ops.transpose(matrix)), 3, axis)


class _Whole(keras.Layer):
    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.keepdims, self.data_format = bool(keepdims), resolved(data_format)

    def call(self, inputs):
        rows, columns = AXES[self.data_format]
        y = self.of_one_axis(self.of_one_axis(inputs, rows), columns)
        return y if self.keepdims else ops.squeeze(y, (rows, columns))

    def compute_output_shape(self, shape):
        axes = AXES[self.data_format]
        kept = [1 if axis in axes else n for axis, n in enumerate(shape)]
        short = [n for axis, n in enumerate(shape) if axis not in axes]
        return tuple(kept if self.keepdims else short)

    def get_config(self):
        mine = {"keepdims": self.keepdims, "data_format": self.data_format}
        return dict(super().get_config(), **mine)


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalMaxPooling2D(_Whole):
    def of_one_axis(self, x, axis):
        return ops.max(x, axis=axis, keepdims=True)


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(_Whole):
    def of_one_axis(self, x, axis):
        return ops.mean(x, axis=axis, keepdims=True)
