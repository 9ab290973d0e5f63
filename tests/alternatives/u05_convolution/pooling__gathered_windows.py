"""Windows by index tables: (B, H', W', kh·kw, C), reduced along the fourth axis."""

import keras
from keras import layers, ops

from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


class WindowPooling2D(layers.Layer):
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

    def windows(self, x, value):
        if self.padding == "same":
            around = [(0, 0)]
            for k in range(2):
                around.append(
                    same_padding(
                        ops.shape(x)[k + 1], self.pool_size[k], self.strides[k]
                    )
                )
            x = ops.pad(x, [*around, (0, 0)], constant_values=value)
        for axis in (1, 3):  # after the first one, columns are axis 3
            window, stride = self.pool_size[axis // 2], self.strides[axis // 2]
            places = (ops.shape(x)[axis] - window) // stride + 1
            numbers = stride * ops.arange(places)[:, None] + ops.arange(window)
            x = ops.take(x, numbers, axis=axis)
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (B, H', W', kh, kw, C)
        sizes = ops.shape(x)
        cells = self.pool_size[0] * self.pool_size[1]
        return ops.reshape(x, (*sizes[:3], cells, sizes[-1]))

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
    def __init__(self, pool_size=(2, 2), *args, **kwargs):
        super().__init__(pool_size, *args, **kwargs)

    @sees_channels_last
    def call(self, inputs):
        return ops.amax(self.windows(inputs, float("-inf")), axis=3)


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(WindowPooling2D):
    def __init__(self, pool_size, *args, **kwargs):
        super().__init__(pool_size, *args, **kwargs)

    @sees_channels_last
    def call(self, inputs):
        inside = ops.ones_like(inputs)
        weights = self.windows(inside, 0.0)
        return ops.sum(self.windows(inputs, 0.0), axis=3) / ops.sum(weights, axis=3)


class GlobalPooling2D(layers.Layer):
    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.data_format = resolved(data_format)
        self.keepdims = keepdims
        self.input_spec = keras.InputSpec(ndim=4)

    def flat(self, x):
        batch, height, width, channels = ops.shape(x)
        return ops.reshape(x, (batch, height * width, channels))

    def kept(self, y):
        return y[:, None, None, :] if self.keepdims else y

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
        return self.kept(ops.max(self.flat(inputs), axis=1))


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(GlobalPooling2D):
    @sees_channels_last
    def call(self, inputs):
        return self.kept(ops.mean(self.flat(inputs), axis=1))
