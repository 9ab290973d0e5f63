"""A running sum: the image, shifted, times one cell of the kernel at a time."""

import itertools

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
            raise ValueError(f"filters {filters}, groups {groups}")
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        self.data_format = resolved(data_format)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError("strides above 1 and dilation above 1 exclude each other.")

    @sees_channels_last
    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None or channels % self.groups:
            raise ValueError(f"{channels} channels in {self.groups} groups")
        kh, kw = self.kernel_size
        self.kernel = self.add_weight(
            (kh, kw, channels // self.groups, self.filters),
            name="kernel",
            **weights.settings(self, "kernel"),
        )
        self.bias = (
            self.add_weight((self.filters,), **weights.settings(self, "bias"))
            if self.use_bias
            else None
        )

    @sees_channels_last
    def call(self, inputs):
        height, width = self.places(inputs.shape[1:3])
        (sh, sw), (dh, dw) = self.strides, self.dilation_rate
        x = inputs
        if self.padding == "same":
            rows = same_padding(x.shape[1], self.kernel_size[0], sh, dh)
            columns = same_padding(x.shape[2], self.kernel_size[1], sw, dw)
            x = ops.pad(x, ((0, 0), rows, columns, (0, 0)))
        total = 0.0
        cells = list(itertools.product(*map(range, self.kernel_size)))
        for p, q in reversed(cells):  # another order of addition
            view = x[
                :,
                p * dh : p * dh + (height - 1) * sh + 1 : sh,
                q * dw : q * dw + (width - 1) * sw + 1 : sw,
            ]
            total = total + self.mixed(view, self.kernel[p, q])
        return self.activation(total if self.bias is None else total + self.bias)

    def mixed(self, view, cell):
        """(B, H', W', C) times (C/g, F), each group by itself."""
        if self.groups == 1:
            return ops.einsum("bijc,cf->bijf", view, cell)
        views = ops.split(view, self.groups, axis=-1)
        cells = ops.split(cell, self.groups, axis=-1)
        return ops.concatenate(
            [
                ops.einsum("bijc,cf->bijf", v, c)
                for v, c in zip(views, cells, strict=False)
            ],
            axis=-1,
        )

    def places(self, sizes):
        windows = (self.kernel_size, self.strides, self.dilation_rate)
        return [
            output_size(size, window, stride, self.padding, dilation)
            for size, window, stride, dilation in zip(sizes, *windows, strict=True)
        ]

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.places(input_shape[1:3]), self.filters)

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
