"""Products by broadcasting, (B, H', W', C, F), and sums over C; no product of matrices."""

import functools

import keras
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


class Conv2DError(ValueError):
    """Arguments or shapes that don't fit."""


@keras.saving.register_keras_serializable(package="layerwise")
class Conv2D(keras.Layer):
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        groups=1,
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        super().__init__(
            **weights.take_settings(self, kwargs, kernel="glorot_uniform", bias="zeros")
        )
        self.filters, self.groups, self.use_bias = filters, groups, use_bias
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.strides = pair(strides, "strides")
        self.dilation_rate = pair(dilation_rate, "dilation_rate")
        self.padding = str(padding).lower()
        self.activation = keras.activations.get(activation)
        if filters < 1 or groups < 1 or filters % groups:
            raise ValueError(
                f"filters ({filters}) and groups ({groups}) must be positive, and "
                "filters a multiple of groups."
            )
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        self.data_format = resolved(data_format)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError("strides above 1 and dilation above 1 exclude each other.")

    def build(self, input_shape):
        first = self.data_format == "channels_first"
        channels = input_shape[1 if first else -1]
        if channels is None or divmod(channels, self.groups)[1]:
            raise Conv2DError(f"{channels} channels, {self.groups} groups")
        self.compute_output_shape(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels // self.groups, self.filters),
            **weights.settings(self, "kernel"),
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.filters,), **weights.settings(self, "bias")
            )

    def padded(self, x):
        if self.padding != "same":
            return x
        height, width = ops.shape(x)[1], ops.shape(x)[2]
        settings = list(
            zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)
        )
        top, bottom = same_padding(height, *settings[0])
        left, right = same_padding(width, *settings[1])
        return ops.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))

    @sees_channels_last
    def call(self, inputs):
        x = self.padded(inputs)
        (kh, kw), (sh, sw), (dh, dw) = (
            self.kernel_size,
            self.strides,
            self.dilation_rate,
        )
        down = ops.shape(x)[1] - (kh - 1) * dh
        across = ops.shape(x)[2] - (kw - 1) * dw
        products = (
            self.product(
                x[:, p * dh : p * dh + down : sh, q * dw : q * dw + across : sw],
                self.kernel[p, q],
            )
            for p in range(kh)
            for q in range(kw)
        )
        y = functools.reduce(ops.add, products)
        y = y + self.bias if self.use_bias else y
        return self.activation(y)

    def product(self, view, cell):
        depth, share = cell.shape[0], self.filters // self.groups
        sums = []
        for f in range(self.filters):
            start = f // share * depth
            mine = view[..., start : start + depth]
            sums.append(ops.sum(mine * cell[:, f], axis=-1))
        return ops.stack(sums, axis=-1)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        height, width = (
            output_size(size, window, stride, self.padding, dilation)
            for size, window, stride, dilation in zip(
                input_shape[1:3],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        )
        return (input_shape[0], height, width, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weights.config(self, "kernel", "bias"),
        }
