"""Transposed convolution (Zeiler et al., 2010; Dumoulin & Visin, 2016)."""

import keras
from keras import ops

from course import weights
from course.data_format import image_spec, resolved, sees_channels_last
from course.shapes import last_stamp, pair, transposed_size


@keras.saving.register_keras_serializable(package="layerwise")
class Conv2DTranspose(keras.Layer):
    """Stamps the kernel onto a larger image, once for each pixel, and adds up.

    With input x of shape (B, H, W, C), a kernel k of shape (kh, kw, F, C), stride s and
    dilation d, each pixel's stamp begins s places after that of its neighbour:

        z[b, i·s + p·d, j·s + q·d, f]  gets  Σ_c x[b, i, j, c] · k[p, q, f, c]
        y = activation(bias + z)

    for all i, j, p, q; where stamps overlap they add, where none falls there is 0. It is
    the way back of a `Conv2D` with the same kernel: what that does to gradients, this
    does to values.

    Along an axis of n pixels, z has (n − 1)·s + d·(k − 1) + 1 places and y has
    `course.shapes.transposed_size`. What is too much (`same` alone) is cut off, half in
    front, half behind, an odd one behind; what lacks is zeros behind.

    Args:
        filters: F, how many filters.
        kernel_size: One integer or two: kh, kw.
        strides: One integer or two.
        padding: `valid` (nothing is cut off) or `same` (H·s × W·s places).
        output_padding: One integer or two, below the strides, or None: chooses among
            the sizes that a convolution with this stride would bring to (H, W).
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). Methods
            marked `sees_channels_last` see (B, H, W, C) in both cases. None means Keras's
            own setting, and is refused if that is `channels_first`.
        dilation_rate: One integer or two: gaps between the kernel's cells.
        activation: A name or function, or None.
        use_bias: Whether a bias is added to each filter's output.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint: As Keras's, in
            Keras's order.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H', W', F)`.

    Weights, in this order: `kernel` (kh, kw, F, C), `bias` (F,).

    Raises:
        ValueError: For arguments that don't fit together, and when built on an input
            whose channels are unknown.

    Reference: https://arxiv.org/abs/1603.07285, section 4.
    """

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
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        weights.keep_settings(
            self,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )
        if type(filters) is not int or filters < 1:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive "
                f"value. Received filters={filters!r}."
            )
        self.filters, self.use_bias = filters, use_bias
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.strides = pair(strides, "strides")
        self.dilation_rate = pair(dilation_rate, "dilation_rate")
        self.padding, self.output_padding = str(padding).lower(), None
        self.activation = keras.activations.get(activation)
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and "
                f"dilation_rate={self.dilation_rate}"
            )
        if output_padding is not None:
            self.output_padding = pair(output_padding, "output_padding", smallest=0)
            if any(map(int.__ge__, self.output_padding, self.strides)):
                raise ValueError(
                    "`output_padding` must be strictly less than `strides`. Received: "
                    f"output_padding={self.output_padding} and strides={self.strides}"
                )

    def axes(self):
        """For rows and for columns: window, stride, padding, dilation, output padding.

        As `course.shapes.last_stamp` takes them, and `transposed_size` after a size.
        """
        return [
            (
                self.kernel_size[axis],
                self.strides[axis],
                self.padding,
                self.dilation_rate[axis],
                self.output_padding and self.output_padding[axis],
            )
            for axis in (0, 1)
        ]

    @sees_channels_last
    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got "
                f"(B, H, W, C) = {tuple(input_shape)}."
            )
        self.input_spec = image_spec(self.data_format, channels)
        raise NotImplementedError(
            "Kernel and bias, with weights.settings(self, 'kernel')."
        )

    @sees_channels_last
    def call(self, inputs):
        raise NotImplementedError(
            "Every pixel times every cell, each cell's image placed, cut."
        )

    def placed(self, x, p, q):
        """Where the stamps' cell (p, q) falls: (B, H, W, F) on an empty canvas.

        Pixel (i, j) goes to place (i·s + p·d, j·s + q·d); all else is 0. The canvas is
        the same for all cells: (B, H·s + (kh − 1)·d, W·s + (kw − 1)·d, F).
        """
        raise NotImplementedError(
            "S − 1 zeros after each pixel, then zeros around it all."
        )

    def cut(self, z, inputs):
        """The part of the canvas that is asked for, H' × W' places of it."""
        raise NotImplementedError(
            "Half of what is too much in front; `transposed_size` places."
        )

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        height, width = (
            transposed_size(size, *arguments)
            for size, arguments in zip(input_shape[1:3], self.axes(), strict=True)
        )
        return (input_shape[0], height, width, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weights.config(self, "kernel", "bias"),
        }
