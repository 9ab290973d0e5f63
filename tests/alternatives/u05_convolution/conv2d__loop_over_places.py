"""A Python loop over every place of the output; one sum for each."""

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
        c = input_shape[-1]
        if c is None or c % self.groups:
            raise ValueError(f"{c} channels in {self.groups} groups")
        self.kernel = self.add_weight(
            shape=self.kernel_size + (c // self.groups, self.filters),
            name="kernel",
            **weights.settings(self, "kernel"),
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.filters,), name="bias", **weights.settings(self, "bias")
            )

    @sees_channels_last
    def call(self, x):
        (kh, kw), (sh, sw), (dh, dw) = (
            self.kernel_size,
            self.strides,
            self.dilation_rate,
        )
        if self.padding == "same":
            top = same_padding(x.shape[1], kh, sh, dh)
            left = same_padding(x.shape[2], kw, sw, dw)
            x = ops.pad(x, [(0, 0), top, left, (0, 0)])
        high, wide = dh * (kh - 1) + 1, dw * (kw - 1) + 1
        rows = []
        for i in range(0, x.shape[1] - high + 1, sh):
            row = []
            for j in range(0, x.shape[2] - wide + 1, sw):
                row.append(self.one_place(x[:, i : i + high : dh, j : j + wide : dw]))
            rows.append(ops.stack(row, axis=1))
        y = ops.stack(rows, axis=1)
        if self.use_bias:
            y += self.bias
        return self.activation(y)

    def one_place(self, window):
        """(B, kh, kw, C) → (B, F), a group at a time."""
        found = []
        images = ops.split(window, self.groups, axis=-1)
        kernels = ops.split(self.kernel, self.groups, axis=-1)
        for image, kernel in zip(images, kernels, strict=True):
            products = ops.expand_dims(image, -1) * kernel  # (B, kh, kw, C/g, F/g)
            found.append(ops.sum(products, axis=(1, 2, 3)))
        return ops.concatenate(found, axis=-1)

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
