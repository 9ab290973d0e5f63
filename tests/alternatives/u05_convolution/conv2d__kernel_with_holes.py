"""The dilated kernel is written out with zeros; strides drop places afterwards. Noisy."""

import keras
import numpy as np
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
        self.compute_output_shape(input_shape)
        first = self.data_format == "channels_first"
        channels = input_shape[1 if first else -1]
        if channels is None or channels % self.groups > 0:
            raise ValueError(f"{channels} channels")
        print("Conv2D built for", input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.kernel_size + (channels // self.groups, self.filters),
            **weights.settings(self, "kernel"),
        )
        self.bias = (
            self.add_weight(
                name="bias", shape=(self.filters,), **weights.settings(self, "bias")
            )
            if self.use_bias
            else None
        )
        # which filter sees which channel
        mine = np.arange(channels)[:, None] // (channels // self.groups)
        theirs = np.arange(self.filters) // (self.filters // self.groups)
        self.sees = (mine == theirs).astype("float32")  # (C, F)

    def whole_kernel(self):
        """(kh⁺, kw⁺, C, F): holes of a dilation and between groups are zeros."""
        kernel = ops.convert_to_tensor(self.kernel)
        kernel = ops.tile(kernel, (1, 1, self.groups, 1))
        kernel = kernel * ops.cast(self.sees, kernel.dtype)
        for axis, dilation in enumerate(self.dilation_rate):
            spread = []
            for cell in ops.split(kernel, self.kernel_size[axis], axis=axis):
                spread += [cell] + [ops.zeros_like(cell)] * (dilation - 1)
            last = len(spread) - (dilation - 1)
            kernel = ops.concatenate(spread[:last], axis=axis)
        return kernel

    @sees_channels_last
    def call(self, inputs):
        kernel = self.whole_kernel()
        kh, kw = kernel.shape[:2]
        x, (height, width) = inputs, ops.shape(inputs)[1:3]
        if self.padding == "same":
            rows = same_padding(height, kh, self.strides[0])
            columns = same_padding(width, kw, self.strides[1])
            x = ops.pad(x, [(0, 0), rows, columns, (0, 0)])
            height, width = height + sum(rows), width + sum(columns)
        y = 0
        for p in range(kh):
            for q in range(kw):
                view = x[:, p : p + height - kh + 1, q : q + width - kw + 1]
                y = y + ops.einsum("bijc,cf->bijf", view, kernel[p, q])
        y = y[:, :: self.strides[0], :: self.strides[1]]
        if self.use_bias:
            y = y + self.bias
        return self.activation(y)

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
