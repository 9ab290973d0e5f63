"""Two matrices, one an axis, say which place hears from which pixel by which cell."""

import keras
import numpy as np
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

    def ends(self, axis, size):
        """How many places there are, and how many of the whole are cut off in front."""
        k, s, d = (
            pair[axis] for pair in (self.kernel_size, self.strides, self.dilation_rate)
        )
        extent = (k - 1) * d + 1
        more = None if self.output_padding is None else self.output_padding[axis]
        if self.padding == "same":
            last = s if more is None else extent % 2 + more
        else:
            last = max(s, extent) if more is None else extent + more
        return (size - 1) * s + last, max(extent - last, 0) // 2

    def table(self, axis, size):
        """(cells, pixels, places): 1 where that cell of that pixel's stamp falls."""
        places, cut = self.ends(axis, size)
        cells, pixels = np.indices((self.kernel_size[axis], size))
        where = pixels * self.strides[axis] + cells * self.dilation_rate[axis] - cut
        return np.equal(where[..., None], np.arange(places)).astype(self.compute_dtype)

    @sees_channels_last
    def call(self, inputs):
        rows, columns = (
            ops.convert_to_tensor(self.table(axis, inputs.shape[axis + 1]))
            for axis in (0, 1)
        )
        y = ops.einsum("bhwc,pqfc->bhwpqf", inputs, self.kernel)
        y = ops.einsum("bhwpqf,phi->bwqif", y, rows)
        y = ops.einsum("bwqif,qwj->bijf", y, columns)
        if self.bias is not None:
            y = ops.add(y, self.bias)
        return self.activation(y)

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        sizes = [
            None if n is None else self.ends(axis, n)[0]
            for axis, n in enumerate(input_shape[1:3])
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
