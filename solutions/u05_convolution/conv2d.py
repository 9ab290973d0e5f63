"""Two-dimensional convolution (LeCun et al., 1998; Dumoulin & Visin, 2016)."""

import keras
from keras import ops

from course import weights
from course.data_format import image_spec, resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


@keras.saving.register_keras_serializable(package="layerwise")
class Conv2D(keras.Layer):
    """Slides a bank of filters over an image and sums, at each place, what lies under.

    With input x of shape (B, H, W, C), a kernel k of shape (kh, kw, C, F), stride s and
    dilation d:

        y[b, i, j, f] = activation(
            bias[f] + Σ_{p, q, c} x[b, i·s + p·d, j·s + q·d, c] · k[p, q, c, f])

    The kernel is not flipped: what deep learning calls convolution is the
    cross-correlation of mathematics.

    `same` padding adds zeros so that the output has ⌈H / s⌉ × ⌈W / s⌉ places; an odd
    row or column of zeros goes to the bottom or right (`course.shapes.same_padding`).
    With `groups` g, the channels are cut into g equal runs, the filters too, and each
    run of filters sees its own run of channels only; the kernel is (kh, kw, C/g, F).

    Args:
        filters: F, how many filters.
        kernel_size: One integer or two: kh, kw.
        strides: One integer or two.
        padding: `valid` (none) or `same`.
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). Methods
            marked `sees_channels_last` see (B, H, W, C) in both cases. None means Keras's
            own setting, and is refused if that is `channels_first`.
        dilation_rate: One integer or two: gaps between the kernel's cells.
        groups: g; divides both C and F.
        activation: A name or function, or None.
        use_bias: Whether a bias is added to each filter's output.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint: As Keras's, in
            Keras's order.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H', W', F)`.

    Raises:
        ValueError: For arguments that don't fit together, and when built on an input
            whose channels are unknown or not divisible by `groups`, or that is smaller
            than a kernel without padding.

    Reference: https://arxiv.org/abs/1603.07285, sections 2 and 5.1.
    """

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
        self.filters, self.groups, self.use_bias = filters, groups, use_bias
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.strides = pair(strides, "strides")
        self.dilation_rate = pair(dilation_rate, "dilation_rate")
        self.padding = str(padding).lower()
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)
        self.activation = keras.activations.get(activation)
        if type(filters) is not int or filters < 1:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive "
                f"value. Received filters={filters!r}."
            )
        if type(groups) is not int or groups < 1:
            raise ValueError(
                "The number of groups must be a positive integer. Received: "
                f"groups={groups!r}."
            )
        if filters % groups:
            raise ValueError(
                "The number of filters must be evenly divisible by the number of "
                f"groups. Received: groups={groups}, filters={filters}."
            )
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and "
                f"dilation_rate={self.dilation_rate}"
            )

    @sees_channels_last
    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None or channels % self.groups:
            raise ValueError(
                f"{self.name} needs a known number of channels, a multiple of its "
                f"{self.groups} groups; got (B, H, W, C) = {tuple(input_shape)}."
            )
        self.input_spec = image_spec(self.data_format, channels)
        self.output_sizes(input_shape[1:3])  # refuses an image under the kernel's size
        ### BEGIN SOLUTION kernel and bias, with weights.settings(self, "kernel")
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
        ### END SOLUTION

    @sees_channels_last
    def call(self, inputs):
        ### BEGIN SOLUTION pad, collect the shifted views, multiply by the kernel, sum
        x = self.pad(inputs)
        patches = ops.stack(self.shifted_views(x), axis=3)  # (B, H', W', kh·kw, C)
        y = self.correlate(patches)  # (B, H', W', F)
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)
        ### END SOLUTION

    def pad(self, x):
        """Zeros around the image, as `padding` asks: (B, H, W, C) → (B, H⁺, W⁺, C)."""
        ### BEGIN SOLUTION `same_padding` says how many rows and columns
        if self.padding == "valid":
            return x
        rows, columns = (
            same_padding(*axis)
            for axis in zip(
                ops.shape(x)[1:3],
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        )
        return ops.pad(x, ((0, 0), rows, columns, (0, 0)))
        ### END SOLUTION

    def shifted_views(self, x):
        """For each cell (p, q) of the kernel, what lies under it at every place.

        Returns a list of kh·kw tensors (B, H', W', C), cells in row-major order.
        """
        ### BEGIN SOLUTION one strided slice for each cell of the kernel
        (kh, kw), (sh, sw) = self.kernel_size, self.strides
        dh, dw = self.dilation_rate
        height, width = ops.shape(x)[1:3]
        return [
            x[
                :,
                p * dh : height - (kh - 1 - p) * dh : sh,
                q * dw : width - (kw - 1 - q) * dw : sw,
                :,
            ]
            for p in range(kh)
            for q in range(kw)
        ]
        ### END SOLUTION

    def correlate(self, patches):
        """Σ over cells and channels: (B, H', W', kh·kw, C) → (B, H', W', F)."""
        ### BEGIN SOLUTION groups to the front, then one matrix product for each
        batch, height, width, cells, channels = ops.shape(patches)
        g, per_group = self.groups, channels // self.groups
        patches = ops.reshape(patches, (-1, cells, g, per_group))  # places in a row
        patches = ops.reshape(ops.moveaxis(patches, 2, 0), (g, -1, cells * per_group))
        kernel = ops.reshape(self.kernel, (cells * per_group, g, self.filters // g))
        y = patches @ ops.moveaxis(kernel, 1, 0)  # (g, places, F/g)
        return ops.reshape(ops.moveaxis(y, 0, 1), (batch, height, width, self.filters))
        ### END SOLUTION

    def output_sizes(self, sizes):
        """H and W → H' and W'; an unknown one stays unknown."""
        return [
            output_size(size, window, stride, self.padding, dilation)
            for size, window, stride, dilation in zip(
                sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        ]

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.output_sizes(input_shape[1:3]), self.filters)

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
