"""Convolution channel by channel, and its factorized form (Howard et al., 2017)."""

import keras
from keras import ops

from course import weights
from course.data_format import image_spec, resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


class ChannelwiseConvolution2D(keras.Layer):
    """What the two layers share: the arguments, and filters that see one channel each.

    With input x of shape (B, H, W, C), a kernel k of shape (kh, kw, C, M), stride s and
    dilation d, each channel c has M filters of its own and nothing is summed over c:

        z[b, i, j, c·M + m] = Σ_{p, q} x[b, i·s + p·d, j·s + q·d, c] · k[p, q, c, m]

    Args:
        kernel_size: One integer or two: kh, kw.
        strides: One integer or two.
        padding: `valid` (none) or `same`, as in `Conv2D`.
        depth_multiplier: M, how many filters each channel has.
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). Methods
            marked `sees_channels_last` see (B, H, W, C) in both cases. None means Keras's
            own setting, and is refused if that is `channels_first`.
        dilation_rate: One integer or two; above 1 also together with strides above 1.
        activation: A name or function, or None.
        use_bias: Whether a bias is added to each output channel.
        depthwise_initializer, bias_initializer, depthwise_regularizer,
            bias_regularizer, activity_regularizer, depthwise_constraint,
            bias_constraint: As Keras's, in Keras's order.
        **kwargs: What every Keras layer takes; a quantized dtype is refused.

    Raises:
        ValueError: For arguments that don't fit together, and when built on an input
            whose channels are unknown, or that is smaller than a kernel without padding.
    """

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
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        weights.keep_settings(
            self,
            depthwise=(
                depthwise_initializer,
                depthwise_regularizer,
                depthwise_constraint,
            ),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.strides = pair(strides, "strides")
        self.dilation_rate = pair(dilation_rate, "dilation_rate")
        self.padding = str(padding).lower()
        self.depth_multiplier, self.use_bias = depth_multiplier, use_bias
        self.activation = keras.activations.get(activation)
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)
        if type(depth_multiplier) is not int or depth_multiplier < 1:
            raise ValueError(
                "Invalid value for argument `depth_multiplier`. Expected a strictly "
                f"positive value. Received depth_multiplier={depth_multiplier!r}."
            )
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")

    def checked_channels(self, input_shape):
        """C, once it is known that a kernel fits into the image."""
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got "
                f"(B, H, W, C) = {tuple(input_shape)}."
            )
        self.output_sizes(input_shape[1:3])
        self.input_spec = image_spec(self.data_format, input_shape[-1])
        return input_shape[-1]

    def shifted_views(self, x):
        """For each cell (p, q) of the kernel, what lies under it at every place.

        Pads x as `padding` asks. Returns a list of kh·kw tensors (B, H', W', C), cells in
        row-major order.
        """
        raise NotImplementedError("Pad and slice as in Conv2D.")

    def filter_channels(self, x, kernel):
        """Every channel under its own M filters: (B, H, W, C) → (B, H', W', C·M)."""
        raise NotImplementedError(
            "Each view times its cell of the kernel, summed over cells alone."
        )

    def output_channels(self, channels):
        """How many channels come out."""
        return channels * self.depth_multiplier

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
        batch, *sizes, channels = input_shape
        return (batch, *self.output_sizes(sizes), self.output_channels(channels))

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "depth_multiplier": self.depth_multiplier,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class DepthwiseConv2D(ChannelwiseConvolution2D):
    """Filters each channel by itself; no output sees two channels.

        y[b, i, j, n] = activation(bias[n] + z[b, i, j, n]),    n = c·M + m

    with z as in `ChannelwiseConvolution2D`. It is a `Conv2D` with as many groups as
    channels, but for the place of M in the kernel's shape.

    Args: those of `ChannelwiseConvolution2D`; the kernel has the settings `depthwise_…`.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H', W', C·M)`.

    Weights, in this order: `kernel` (kh, kw, C, M), `bias` (C·M,).

    Reference: https://arxiv.org/abs/1704.04861, section 3.1, equation 3.
    """

    @sees_channels_last
    def build(self, input_shape):
        channels = self.checked_channels(input_shape)
        raise NotImplementedError(
            "Kernel and bias; weights.settings(self, 'depthwise') for one."
        )

    @sees_channels_last
    def call(self, inputs):
        raise NotImplementedError(
            "Filter the channels, add the bias, apply the activation."
        )

    def get_config(self):
        return {**super().get_config(), **weights.config(self, "depthwise", "bias")}


@keras.saving.register_keras_serializable(package="layerwise")
class SeparableConv2D(ChannelwiseConvolution2D):
    """Filters each channel by itself, then mixes the channels at each place.

        y[b, i, j, f] = activation(bias[f] + Σ_n z[b, i, j, n] · w[n, f])

    with z as in `ChannelwiseConvolution2D` and w the pointwise kernel: a 1 × 1
    convolution. Between the two steps there is neither bias nor activation, so together
    they are a convolution with the kernel Σ_m k[p, q, c, m] · w[c·M + m, f], at
    1/F + 1/(kh·kw) of its multiply-adds when M is 1.

    Args: `filters`, F; those of `ChannelwiseConvolution2D`; and `pointwise_initializer`,
        `pointwise_regularizer`, `pointwise_constraint`. All in Keras's order.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H', W', F)`.

    Weights, in this order: `depthwise_kernel` (kh, kw, C, M), `pointwise_kernel`
    (1, 1, C·M, F), `bias` (F,).

    Reference: https://arxiv.org/abs/1610.02357, section 1; equation 5 of
    https://arxiv.org/abs/1704.04861 for the cost.
    """

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
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            activity_regularizer,
            depthwise_constraint,
            bias_constraint,
            **kwargs,
        )
        weights.keep_settings(
            self,
            pointwise=(
                pointwise_initializer,
                pointwise_regularizer,
                pointwise_constraint,
            ),
        )
        if type(filters) is not int or filters < 1:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive "
                f"value. Received filters={filters!r}."
            )
        self.filters = filters

    @sees_channels_last
    def build(self, input_shape):
        channels = self.checked_channels(input_shape)
        raise NotImplementedError(
            "Depthwise_kernel, pointwise_kernel and bias, in this order."
        )

    @sees_channels_last
    def call(self, inputs):
        raise NotImplementedError(
            "Filter the channels, mix them, add the bias, activate."
        )

    def output_channels(self, channels):
        return self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            **weights.config(self, "depthwise", "pointwise", "bias"),
        }
