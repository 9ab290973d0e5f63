"""Computes in float64, casts back, and talks while it does."""

import warnings

import keras
import numpy as np
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding

print("conv2d is being imported")


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
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError("strides above 1 and dilation above 1 exclude each other.")

    @sees_channels_last
    def build(self, input_shape):
        print("build", input_shape)
        warnings.warn("this goes to standard error", stacklevel=1)
        channels = input_shape[-1]
        if channels is None or channels % self.groups:
            raise ValueError(f"{channels} channels in {self.groups} groups")
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
        print("call", type(inputs))
        wide = ops.cast(inputs, "float64")
        kernel = ops.cast(self.kernel, "float64")
        if self.groups > 1:
            kernel = kernel_of_one_group(kernel, self.groups)
        (kh, kw), (sh, sw), (dh, dw) = (
            self.kernel_size,
            self.strides,
            self.dilation_rate,
        )
        if self.padding == "same":
            rows = same_padding(inputs.shape[1], kh, sh, dh)
            columns = same_padding(inputs.shape[2], kw, sw, dw)
            wide = ops.pad(wide, ((0, 0), rows, columns, (0, 0)))
        height = (wide.shape[1] - (kh - 1) * dh - 1) // sh + 1
        width = (wide.shape[2] - (kw - 1) * dw - 1) // sw + 1
        i = np.arange(height)[:, None] * sh + np.arange(kh) * dh  # (H', kh)
        j = np.arange(width)[:, None] * sw + np.arange(kw) * dw  # (W', kw)
        windows = ops.take(
            ops.take(wide, i, axis=1), j, axis=3
        )  # (B, H', kh, W', kw, C)
        y = ops.einsum("bipjqc,pqcf->bijf", windows, kernel)
        if self.bias is not None:
            y = y + ops.cast(self.bias, "float64")
        return ops.cast(self.activation(y), self.compute_dtype)

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


def kernel_of_one_group(kernel, groups):
    """(kh, kw, C/g, F) → (kh, kw, C, F), zero between channels and filters of two groups."""
    per_group, filters = kernel.shape[2:]
    share = filters // groups
    mask = np.kron(np.eye(groups), np.ones((per_group, share)))  # (C, F)
    return ops.tile(kernel, (1, 1, groups, 1)) * ops.convert_to_tensor(mask)
