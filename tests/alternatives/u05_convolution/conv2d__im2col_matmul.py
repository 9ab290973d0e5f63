"""im2col: every window a row, then one matrix product for each group."""

import math

import keras
from keras import ops

from course import weights
from course.data_format import resolved
from course.shapes import output_size, pair


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
            raise ValueError(f"filters {filters}, groups {groups}")
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        self.data_format = resolved(data_format)
        self.channel_axis = {"channels_last": 3, "channels_first": 1}[self.data_format]
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError("strides above 1 and dilation above 1 exclude each other.")

    def build(self, input_shape):
        channels = input_shape[self.channel_axis]
        if not channels or channels % self.groups:
            raise ValueError(f"{channels} channels in {self.groups} groups")
        shape = [*self.kernel_size, channels // self.groups, self.filters]
        self.kernel = self.add_weight(shape, **weights.settings(self, "kernel"))
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                [self.filters], **weights.settings(self, "bias")
            )

    def call(self, inputs):
        inputs = ops.moveaxis(inputs, self.channel_axis, 3)
        columns, batch, height, width = self.im2col(inputs)
        per_group = ops.shape(inputs)[-1] // self.groups
        share = self.filters // self.groups
        results = []
        for g in range(self.groups):
            mine = columns[..., g * per_group : (g + 1) * per_group]
            mine = ops.reshape(mine, (batch * height * width, -1))
            matrix = ops.reshape(
                self.kernel[..., g * share : (g + 1) * share], (-1, share)
            )
            results.append(ops.matmul(mine, matrix))
        y = ops.concatenate(results, axis=1)
        if self.bias is not None:
            y = ops.add(y, self.bias)
        y = ops.reshape(y, (batch, height, width, self.filters))
        return self.activation(ops.moveaxis(y, 3, self.channel_axis))

    def im2col(self, x):
        """(B, H', W', kh·kw, C), and the first three sizes."""
        batch, h, w, _ = ops.shape(x)
        ends = []
        for size, k, s, d in zip(
            (h, w), self.kernel_size, self.strides, self.dilation_rate, strict=True
        ):
            reach = (k - 1) * d
            if self.padding == "same":
                steps = math.ceil(size / s)
                total = max(0, (steps - 1) * s + reach + 1 - size)
            else:
                steps, total = (size - reach - 1) // s + 1, 0
            ends.append((steps, (total // 2, total - total // 2)))
        (height, rows), (width, columns) = ends
        x = ops.pad(x, ((0, 0), rows, columns, (0, 0)))
        (sh, sw), (dh, dw) = self.strides, self.dilation_rate
        cells = [
            x[:, p * dh :, q * dw :][:, ::sh, ::sw][:, :height, :width]
            for p in range(self.kernel_size[0])
            for q in range(self.kernel_size[1])
        ]
        return ops.stack(cells, axis=-2), batch, height, width

    def compute_output_shape(self, input_shape):
        height, width = (
            output_size(size, window, stride, self.padding, dilation)
            for size, window, stride, dilation in zip(
                (
                    n
                    for a, n in enumerate(input_shape)
                    if a not in (0, self.channel_axis)
                ),
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        )
        shape = [input_shape[0], height, width]
        shape.insert(self.channel_axis, self.filters)
        return tuple(shape)

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
