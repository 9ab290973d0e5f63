"""Sums over the kernel's columns first, then over its rows, recursively; in float64."""

import keras
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


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
        if channels is None or channels % self.groups != 0:
            raise ValueError(f"{channels} channels")
        self.compute_output_shape(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels // self.groups, self.filters),
            **weights.settings(self, "kernel"),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.filters,), **weights.settings(self, "bias")
            )

    @sees_channels_last
    def call(self, inputs):
        x = ops.cast(inputs, "float64")
        kernel = ops.cast(self.kernel, "float64")
        if self.padding == "same":
            around = [(0, 0), (0, 0), (0, 0), (0, 0)]
            for k in (0, 1):
                around[k + 1] = same_padding(
                    ops.shape(x)[k + 1],
                    self.kernel_size[k],
                    self.strides[k],
                    self.dilation_rate[k],
                )
            x = ops.pad(x, around)
        y = self.rows(x, kernel)
        if self.bias is not None:
            y = y + ops.cast(self.bias, "float64")
        return self.activation(ops.cast(y, self.compute_dtype))

    def rows(self, x, kernel):
        """The sum over the rows of the kernel: the first, and those below it."""
        below = (kernel.shape[0] - 1) * self.dilation_rate[0]
        height = ops.shape(x)[1]
        first = self.columns(x[:, : height - below : self.strides[0]], kernel[0])
        if kernel.shape[0] == 1:
            return first
        return first + self.rows(x[:, self.dilation_rate[0] :], kernel[1:])

    def columns(self, x, row):
        right = (row.shape[0] - 1) * self.dilation_rate[1]
        width = ops.shape(x)[2]
        first = self.mixed(x[:, :, : width - right : self.strides[1]], row[0])
        if row.shape[0] == 1:
            return first
        return first + self.columns(x[:, :, self.dilation_rate[1] :], row[1:])

    def mixed(self, x, cell):
        """One cell of the kernel, (C/g, F), at every place."""
        g, depth = self.groups, cell.shape[0]
        parts = [
            ops.einsum("bijc,cf->bijf", x[..., k * depth : (k + 1) * depth], share)
            for k, share in enumerate(ops.split(cell, g, axis=-1))
        ]
        return parts[0] if g == 1 else ops.concatenate(parts, axis=-1)

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
