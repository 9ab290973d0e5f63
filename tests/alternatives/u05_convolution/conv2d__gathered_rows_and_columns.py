"""Tables of row and column numbers, two `take`s, one einsum over six letters."""

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
        self.compute_output_shape(input_shape)
        first = self.data_format == "channels_first"
        channels = input_shape[1 if first else -1]
        if channels is None or channels % self.groups:
            raise ValueError(f"{self.groups} groups of {channels} channels")
        self.depth = channels // self.groups
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, self.depth, self.filters),
            **weights.settings(self, "kernel"),
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.filters,), **weights.settings(self, "bias")
            )

    def gathered(self, x, axis):
        """Along an axis of pixels, the pixels under each cell: one more axis behind it."""
        which = 0 if axis == 1 else 1
        window, stride = self.kernel_size[which], self.strides[which]
        dilation, size = self.dilation_rate[which], ops.shape(x)[axis]
        if self.padding == "same":
            widths = [(0, 0)] * len(x.shape)
            widths[axis] = same_padding(size, window, stride, dilation)
            size = size + sum(widths[axis])
            x = ops.pad(x, widths)
        places = (size - dilation * (window - 1) - 1) // stride + 1
        numbers = (
            ops.arange(places)[:, None] * stride + ops.arange(window)[None] * dilation
        )
        return ops.take(x, numbers, axis=axis)

    @sees_channels_last
    def call(self, inputs):
        x = self.gathered(self.gathered(inputs, 2), 1)  # (B, H', kh, W', kw, C)
        results = []
        for g in range(self.groups):
            filters = self.filters // self.groups
            mine = x[..., g * self.depth : (g + 1) * self.depth]
            kernel = self.kernel[..., g * filters : (g + 1) * filters]
            results.append(ops.einsum("bipjqc,pqcf->bijf", mine, kernel))
        y = ops.concatenate(results, axis=-1)
        return self.activation(y + self.bias if self.use_bias else y)

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
