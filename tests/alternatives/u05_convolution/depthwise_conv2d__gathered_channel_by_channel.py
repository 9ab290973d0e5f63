"""One channel after the other, each as a matrix of windows gathered by index."""

import keras
import numpy as np
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding

WINDOW = ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier")
REST = ("use_bias", "data_format")


class Shared(keras.layers.Layer):
    def set_up(self, kernel_size, strides, padding, depth, data_format, dilation):
        self.kernel_size, self.strides = pair(kernel_size, "k"), pair(strides, "s")
        self.dilation_rate, self.padding = pair(dilation, "d"), padding.lower()
        self.depth_multiplier = depth
        self.data_format = resolved(data_format)
        if depth < 1:
            raise ValueError("not built here")
        if self.padding not in ("valid", "same"):
            raise ValueError(self.padding)

    def windows(self, x):
        """(B, H', W', kh, kw, C), by index tables."""
        axes = zip(
            x.shape[1:3],
            self.kernel_size,
            self.strides,
            self.dilation_rate,
            strict=True,
        )
        for axis, (n, k, s, d) in zip((1, 3), axes, strict=True):
            if self.padding == "same":
                margins = [(0, 0)] * len(x.shape)
                margins[axis] = same_padding(n, k, s, d)
                x = ops.pad(x, margins)
            places = np.arange(0, x.shape[axis] - d * (k - 1), s)
            table = places[:, None] + d * np.arange(k)  # (H', kh), then (W', kw)
            x = ops.take(x, table, axis=axis)  # (B, H', kh, W, C), then both
        return ops.transpose(x, (0, 1, 3, 2, 4, 5))

    def filter_channels(self, x, kernel):
        windows = self.windows(x)
        _, height, width, kh, kw, channels = windows.shape
        found = []
        for c in range(channels):
            rows = ops.reshape(windows[..., c], (-1, height, width, kh * kw))
            cells = ops.reshape(kernel[:, :, c], (kh * kw, -1))
            found.append(ops.einsum("bhwk,km->bhwm", rows, cells))
        return ops.concatenate(found, axis=-1)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        sizes = [
            output_size(n, k, s, self.padding, d)
            for n, k, s, d in zip(
                input_shape[1:3],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        return (input_shape[0], *sizes, self.channels_out(input_shape[-1]))

    def add_bias(self, units):
        self.bias = None
        if self.use_bias:
            settings = weights.settings(self, "bias")
            self.bias = self.add_weight((units,), name="bias", **settings)

    def finished(self, y):
        return self.activation(y if self.bias is None else y + self.bias)

    def get_config(self):
        mine = {name: getattr(self, name) for name in (*WINDOW, *REST)}
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), **mine, "activation": activation}


@keras.saving.register_keras_serializable(package="layerwise")
class DepthwiseConv2D(Shared):
    def __init__(
        self,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        start = {"depthwise": "glorot_uniform", "bias": "zeros"}
        super().__init__(**weights.take_settings(self, kwargs, **start))
        self.set_up(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate
        )
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias

    def channels_out(self, channels):
        return channels * self.depth_multiplier

    @sees_channels_last
    def build(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1], self.depth_multiplier)
        settings = weights.settings(self, "depthwise")
        self.kernel = self.add_weight(shape, name="kernel", **settings)
        self.add_bias(self.channels_out(input_shape[-1]))

    @sees_channels_last
    def call(self, inputs):
        return self.finished(self.filter_channels(inputs, self.kernel))

    def get_config(self):
        return {**super().get_config(), **weights.config(self, "depthwise", "bias")}


@keras.saving.register_keras_serializable(package="layerwise")
class SeparableConv2D(Shared):
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        start = {"depthwise": "glorot_uniform", "pointwise": "glorot_uniform"}
        super().__init__(**weights.take_settings(self, kwargs, **start, bias="zeros"))
        self.set_up(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate
        )
        self.activation = keras.activations.get(activation)
        self.filters, self.use_bias = filters, use_bias

    def channels_out(self, channels):
        return self.filters

    @sees_channels_last
    def build(self, input_shape):
        m = self.depth_multiplier
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, input_shape[-1], m),
            name="depthwise_kernel",
            **weights.settings(self, "depthwise"),
        )
        self.pointwise_kernel = self.add_weight(
            (1, 1, input_shape[-1] * m, self.filters),
            name="pointwise_kernel",
            **weights.settings(self, "pointwise"),
        )
        self.add_bias(self.filters)

    @sees_channels_last
    def call(self, inputs):
        z = self.filter_channels(inputs, self.depthwise_kernel)[..., None]
        y = ops.sum(z * self.pointwise_kernel[0, 0], axis=-2)
        return self.finished(y)

    def get_config(self):
        settings = weights.config(self, "depthwise", "pointwise", "bias")
        return {**super().get_config(), **settings, "filters": self.filters}
