"""The textbook's other picture: zeros between the pixels, then the kernel turned round."""

import keras
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last


def two(value):
    return (value, value) if isinstance(value, int) else tuple(value)


@keras.saving.register_keras_serializable(package="layerwise")
class Conv2DTranspose(keras.Layer):
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        start = {"kernel": "glorot_uniform", "bias": "zeros"}
        super().__init__(**weights.take_settings(self, kwargs, **start))
        self.filters, self.kernel_size = filters, two(kernel_size)
        self.strides, self.dilation_rate = two(strides), two(dilation_rate)
        self.padding, self.use_bias = padding.lower(), use_bias
        self.output_padding = None if output_padding is None else two(output_padding)
        self.activation = keras.activations.get(activation)
        self.data_format = resolved(data_format)

    @sees_channels_last
    def build(self, input_shape):
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, input_shape[-1]),
            name="kernel",
            **weights.settings(self, "kernel"),
        )
        self.bias = None
        if self.use_bias:
            settings = weights.settings(self, "bias")
            self.bias = self.add_weight((self.filters,), name="bias", **settings)

    def margins(self, axis):
        """Zeros before and after the spread image (of s places a pixel)."""
        s, extent = self.strides[axis], self.extent(axis)
        behind = None if self.output_padding is None else self.output_padding[axis]
        if self.padding == "valid":
            rest = max(s - extent, 0) if behind is None else behind
            return extent - 1, extent - 1 + rest - (s - 1)
        total = s + extent - 2 if behind is None else extent + extent % 2 - 2 + behind
        before = min((total + 1) // 2, extent - 1)
        return before, total - before - (s - 1)

    def extent(self, axis):
        return (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1

    @sees_channels_last
    def call(self, inputs):
        x = inputs
        channels = inputs.shape[-1]
        for axis in (1, 2):
            x = self.spread(x, axis)
        kernel = ops.reshape(
            ops.flip(ops.transpose(self.kernel, (0, 1, 3, 2)), (0, 1)),
            (-1, channels, self.filters),
        )
        (kh, kw), (dh, dw) = self.kernel_size, self.dilation_rate
        height = ops.shape(x)[1] - self.extent(0) + 1
        width = ops.shape(x)[2] - self.extent(1) + 1
        views = [
            x[:, p * dh : p * dh + height, q * dw : q * dw + width]
            for p in range(kh)
            for q in range(kw)
        ]
        y = ops.einsum("kbhwc,kcf->bhwf", ops.stack(views), kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def spread(self, x, axis):
        """s − 1 zeros after each pixel, then a margin, which may be below 0."""
        s, (before, after) = self.strides[axis - 1], self.margins(axis - 1)
        shape = list(ops.shape(x))
        if s > 1:
            zeros = ops.zeros_like(ops.expand_dims(x, axis + 1))
            x = ops.concatenate(
                [ops.expand_dims(x, axis + 1)] + [zeros] * (s - 1), axis=axis + 1
            )
            shape[axis] = shape[axis] * s
            x = ops.reshape(x, [-1, *shape[1:]])
        if after < 0:
            x = ops.take(x, range(x.shape[axis] + after), axis=axis)
        sides = [(0, 0)] * 4
        sides[axis] = (before, max(after, 0))
        return ops.pad(x, sides)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        sizes = [
            n and n * s + sum(self.margins(axis)) - self.extent(axis) + 1
            for axis, (n, s) in enumerate(
                zip(input_shape[1:3], self.strides, strict=True)
            )
        ]
        return (input_shape[0], *sizes, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "output_padding": self.output_padding,
            "dilation_rate": self.dilation_rate,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weights.config(self, "kernel", "bias"),
        }
