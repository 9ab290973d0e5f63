"""Running sums over the cells, by broadcasting; the separable one mixes as it goes."""

import keras
from keras import ops

from course import weights
from course.data_format import resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding

WINDOW = ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier")
REST = ("use_bias", "data_format")


class Shared(keras.layers.Layer):
    def set_up(self, kernel_size, strides, padding, depth, data_format, dilation):
        self.kernel_size, self.strides = pair(kernel_size, "k"), pair(strides, "s")
        self.dilation_rate, self.padding = pair(dilation, "d"), padding.lower()
        self.depth_multiplier = depth
        self.data_format = resolved(data_format)
        if depth < 1:
            raise ValueError("not built here")
        if self.padding not in ("valid", "same"):
            raise ValueError(self.padding)

    def cells(self, x):
        """Each cell's place in the kernel and what it meets."""
        (kh, kw), (sh, sw), (dh, dw) = (
            self.kernel_size,
            self.strides,
            self.dilation_rate,
        )
        if self.padding == "same":
            rows = same_padding(x.shape[1], kh, sh, dh)
            columns = same_padding(x.shape[2], kw, sw, dw)
            x = ops.pad(x, ((0, 0), rows, columns, (0, 0)))
        height = output_size(x.shape[1], kh, sh, "valid", dh)
        width = output_size(x.shape[2], kw, sw, "valid", dw)
        for p in range(kh):
            for q in range(kw):
                down = slice(p * dh, p * dh + (height - 1) * sh + 1, sh)
                across = slice(q * dw, q * dw + (width - 1) * sw + 1, sw)
                yield (p, q), x[:, down, across]

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        sizes = [
            output_size(n, k, s, self.padding, d)
            for n, k, s, d in zip(
                input_shape[1:3],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        return (input_shape[0], *sizes, self.channels_out(input_shape[-1]))

    def add_bias(self, units):
        self.bias = None
        if self.use_bias:
            settings = weights.settings(self, "bias")
            self.bias = self.add_weight((units,), name="bias", **settings)

    def finished(self, y):
        return self.activation(y if self.bias is None else y + self.bias)

    def get_config(self):
        mine = {name: getattr(self, name) for name in (*WINDOW, *REST)}
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), **mine, "activation": activation}


@keras.saving.register_keras_serializable(package="layerwise")
class DepthwiseConv2D(Shared):
    def __init__(
        self,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        start = {"depthwise": "glorot_uniform", "bias": "zeros"}
        super().__init__(**weights.take_settings(self, kwargs, **start))
        self.set_up(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate
        )
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias

    def channels_out(self, channels):
        return channels * self.depth_multiplier

    @sees_channels_last
    def build(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1], self.depth_multiplier)
        settings = weights.settings(self, "depthwise")
        self.kernel = self.add_weight(shape, name="kernel", **settings)
        self.add_bias(self.channels_out(input_shape[-1]))

    @sees_channels_last
    def call(self, inputs):
        parts = []
        for m in range(self.depth_multiplier):
            total = 0.0
            for (p, q), view in self.cells(inputs):
                total = total + view * self.kernel[p, q, :, m]
            parts.append(total)
        y = ops.stack(parts, axis=-1)  # (B, H', W', C, M)
        channels = inputs.shape[-1] * self.depth_multiplier
        return self.finished(ops.reshape(y, (-1, *y.shape[1:3], channels)))

    def get_config(self):
        return {**super().get_config(), **weights.config(self, "depthwise", "bias")}


@keras.saving.register_keras_serializable(package="layerwise")
class SeparableConv2D(Shared):
    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        data_format=None,
        dilation_rate=(1, 1),
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        start = {"depthwise": "glorot_uniform", "pointwise": "glorot_uniform"}
        super().__init__(**weights.take_settings(self, kwargs, **start, bias="zeros"))
        self.set_up(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate
        )
        self.activation = keras.activations.get(activation)
        self.filters, self.use_bias = filters, use_bias

    def channels_out(self, channels):
        return self.filters

    @sees_channels_last
    def build(self, input_shape):
        m = self.depth_multiplier
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, input_shape[-1], m),
            name="depthwise_kernel",
            **weights.settings(self, "depthwise"),
        )
        self.pointwise_kernel = self.add_weight(
            (1, 1, input_shape[-1] * m, self.filters),
            name="pointwise_kernel",
            **weights.settings(self, "pointwise"),
        )
        self.add_bias(self.filters)

    @sees_channels_last
    def call(self, inputs):
        channels, m = self.depthwise_kernel.shape[2:]
        point = ops.reshape(self.pointwise_kernel, (channels, m, self.filters))
        total = 0.0
        for (p, q), view in self.cells(
            inputs
        ):  # the two kernels multiplied, cell by cell
            cell = ops.einsum("cm,cmf->cf", self.depthwise_kernel[p, q], point)
            total = total + ops.einsum("bhwc,cf->bhwf", view, cell)
        return self.finished(total)

    def get_config(self):
        settings = weights.config(self, "depthwise", "pointwise", "bias")
        return {**super().get_config(), **settings, "filters": self.filters}
