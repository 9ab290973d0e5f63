"""All shifted views side by side in the channels, then a Dense over them; typed."""

from __future__ import annotations

from itertools import product
from typing import Any

import keras
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding

Tensor = Any


def strided(x: Tensor, axis: int, start: int, places: int, stride: int) -> Tensor:
    """`places` values along the axis, from `start` on, `stride` apart."""
    index: list[slice] = [slice(None)] * 4
    index[axis] = slice(start, start + (places - 1) * stride + 1, stride)
    return x[tuple(index)]


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

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        first = self.data_format == "channels_first"
        channels = input_shape[1 if first else -1]
        if not channels or channels % self.groups:
            raise ValueError("channels and groups")
        self.compute_output_shape(input_shape)
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            name="kernel",
            **weights.settings(self, "kernel"),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.filters,), name="bias", **weights.settings(self, "bias")
            )

    def one_group(self, x: Tensor, kernel: Tensor, places: tuple) -> Tensor:
        views = []
        for p, q in product(*map(range, self.kernel_size)):
            view = strided(x, 1, p * self.dilation_rate[0], places[0], self.strides[0])
            view = strided(
                view, 2, q * self.dilation_rate[1], places[1], self.strides[1]
            )
            views.append(view)
        side_by_side = ops.concatenate(views, axis=-1)  # (B, H', W', kh·kw·C)
        matrix = ops.reshape(kernel, (side_by_side.shape[-1], -1))
        return ops.einsum("...k,kf->...f", side_by_side, matrix)

    @sees_channels_last
    def call(self, inputs: Tensor) -> Tensor:
        places, widths = [], [(0, 0)]
        axes = zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)
        for size, (window, stride, dilation) in zip(
            ops.shape(inputs)[1:3], axes, strict=True
        ):
            before, after = 0, 0
            if self.padding == "same":
                before, after = same_padding(size, window, stride, dilation)
            room = size + before + after - dilation * (window - 1)
            places.append((room - 1) // stride + 1)
            widths.append((before, after))
        x = ops.pad(inputs, (*widths, (0, 0)))
        xs = ops.split(x, self.groups, axis=-1)
        kernels = ops.split(ops.convert_to_tensor(self.kernel), self.groups, axis=-1)
        ys = [
            self.one_group(*pair, tuple(places))
            for pair in zip(xs, kernels, strict=True)
        ]
        y = ops.concatenate(ys, axis=-1)
        if self.bias is not None:
            y = ops.add(y, ops.reshape(self.bias, (1, 1, 1, -1)))
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
