"""By the convolution theorem: products of Fourier transforms, then the places kept."""

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
        (kh, kw), (sh, sw), (dh, dw) = (
            self.kernel_size,
            self.strides,
            self.dilation_rate,
        )
        x = inputs
        if self.padding == "same":
            rows = same_padding(x.shape[1], kh, sh, dh)
            columns = same_padding(x.shape[2], kw, sw, dw)
            x = ops.pad(x, ((0, 0), rows, columns, (0, 0)))
        height, width = x.shape[1:3]
        x = ops.transpose(x, (0, 3, 1, 2))  # (B, C, H, W)
        k = ops.transpose(self.spread(height, width), (2, 3, 0, 1))  # (C/g, F, H, W)
        x_real, x_imaginary = ops.fft2((x, ops.zeros_like(x)))
        k_real, k_imaginary = ops.fft2((k, ops.zeros_like(k)))
        k_imaginary = -k_imaginary  # conjugate: a correlation, the kernel not flipped
        real = self.mix(x_real, k_real) - self.mix(x_imaginary, k_imaginary)
        imaginary = self.mix(x_real, k_imaginary) + self.mix(x_imaginary, k_real)
        y, _ = ops.ifft2((real, imaginary))
        y = ops.transpose(y, (0, 2, 3, 1))
        y = y[:, : height - (kh - 1) * dh : sh, : width - (kw - 1) * dw : sw]
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)

    def spread(self, height, width):
        """The kernel with its dilation's gaps, in the corner of an empty image."""
        (kh, kw), (dh, dw) = self.kernel_size, self.dilation_rate
        rows = []
        for p in range(kh):
            cells = [
                ops.pad(
                    self.kernel[p : p + 1, q : q + 1],
                    (
                        (p * dh, height - 1 - p * dh),
                        (q * dw, width - 1 - q * dw),
                        (0, 0),
                        (0, 0),
                    ),
                )
                for q in range(kw)
            ]
            rows.append(sum(cells))
        return sum(rows)

    def mix(self, x, k):
        """Σ over the channels of each group: (B, C, …) and (C/g, F, …) → (B, F, …)."""
        xs, ks = ops.split(x, self.groups, axis=1), ops.split(k, self.groups, axis=1)
        parts = [
            ops.sum(ops.expand_dims(a, 2) * b, axis=1)
            for a, b in zip(xs, ks, strict=True)
        ]
        return ops.concatenate(parts, axis=1)

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
