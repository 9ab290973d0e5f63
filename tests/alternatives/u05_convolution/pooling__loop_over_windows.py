"""One window after another, clipped to the image: no padding is ever made."""

import keras
from keras import ops

from course.data_format import resolved, sees_channels_last


def _two(value):
    return (value, value) if isinstance(value, int) else tuple(int(v) for v in value)


def _spans(size, window, stride, padding):
    """First and last-but-one pixel of each window, within the image."""
    if padding == "valid":
        return [(s, s + window) for s in range(0, size - window + 1, stride)]
    count = (size + stride - 1) // stride
    before = max((count - 1) * stride + window - size, 0) // 2
    firsts = [k * stride - before for k in range(count)]
    return [(max(f, 0), min(f + window, size)) for f in firsts]


class _Pool(keras.Layer):
    def __init__(
        self, pool_size=2, strides=None, padding="valid", data_format=None, **kwargs
    ):
        super().__init__(**kwargs)
        if padding.lower() not in ("valid", "same"):
            raise ValueError(padding)
        self.data_format = resolved(data_format)
        self.pool_size = _two(pool_size)
        self.strides = _two(pool_size if strides is None else strides)
        self.padding = padding.lower()

    @sees_channels_last
    def call(self, x):
        down, across = self._all_spans(x.shape)
        rows = [
            ops.stack(
                [self.reduce(x[:, a:b, c:d, :], axis=(1, 2)) for c, d in across], axis=1
            )
            for a, b in down
        ]
        return ops.stack(rows, axis=1)

    def _all_spans(self, shape):
        return [
            _spans(n, k, s, self.padding)
            for n, k, s in zip(shape[1:3], self.pool_size, self.strides, strict=True)
        ]

    @sees_channels_last
    def compute_output_shape(self, shape):
        sizes = [
            None if n is None else len(_spans(n, k, s, self.padding))
            for n, k, s in zip(shape[1:3], self.pool_size, self.strides, strict=True)
        ]
        return (shape[0], *sizes, shape[3])

    def get_config(self):
        config = super().get_config()
        for key in ("pool_size", "strides", "padding", "data_format"):
            config[key] = getattr(self, key)
        return config


@keras.saving.register_keras_serializable(package="layerwise")
class MaxPooling2D(_Pool):
    def reduce(self, x, axis):
        return ops.amax(x, axis=axis)


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(_Pool):
    def reduce(self, x, axis):
        return ops.sum(x, axis=axis) / (x.shape[1] * x.shape[2])


class _Global(keras.Layer):
    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.keepdims, self.data_format = keepdims, resolved(data_format)

    @sees_channels_last
    def call(self, x):
        b, h, w, c = ops.shape(x)
        y = self.reduce(ops.reshape(x, (b, h * w, c)))
        return ops.reshape(y, (b, 1, 1, c)) if self.keepdims else y

    @sees_channels_last
    def compute_output_shape(self, shape):
        return (shape[0], *((1, 1) if self.keepdims else ()), shape[3])

    def get_config(self):
        return super().get_config() | {
            "data_format": self.data_format,
            "keepdims": self.keepdims,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalMaxPooling2D(_Global):
    def reduce(self, x):
        return ops.max(x, axis=1)


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(_Global):
    def reduce(self, x):
        return ops.mean(x, axis=1)
