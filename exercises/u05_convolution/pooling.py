"""Pooling: the largest or the mean value of each window, or of the whole image."""

import math

import keras
from keras import ops

from course.data_format import image_spec, resolved, sees_channels_last
from course.shapes import output_size, pair, same_padding


class WindowPooling2D(keras.Layer):
    """What max and average pooling share: the arguments, the padding, the windows.

    Windows of kh × kw pixels lie on the image `strides` apart, each channel by itself.
    `same` padding makes room for ⌈H / stride⌉ × ⌈W / stride⌉ windows; an odd row or
    column goes to the bottom or right (`course.shapes.same_padding`).

    Args:
        pool_size: One integer or two: kh, kw.
        strides: One integer or two; None means `pool_size`, windows edge to edge.
        padding: `valid` (none) or `same`.
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). Methods
            marked `sees_channels_last` see (B, H, W, C) in both cases. None means Keras's
            own setting, and is refused if that is `channels_first`.
        **kwargs: What every Keras layer takes.

    Raises:
        ValueError: For other arguments, and for images that no window fits into.
    """

    def __init__(
        self,
        pool_size,
        strides=None,
        padding="valid",
        data_format=None,
        name=None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.pool_size = pair(pool_size, "pool_size")
        self.strides = pair(pool_size if strides is None else strides, "strides")
        self.padding = str(padding).lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}.")
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)
        self._build_at_init()  # no weights: nothing to wait for

    def pad(self, x, value):
        """`value` around the images, as `padding` asks: (B, H, W, C) → (B, H⁺, W⁺, C)."""
        raise NotImplementedError("`same_padding` says how many rows and columns.")

    def shifted_views(self, x):
        """For each cell (p, q) of the window, what lies under it at every place.

        Returns a list of kh·kw tensors (B, H', W', C).
        """
        raise NotImplementedError("One strided slice for each cell of the window.")

    def output_sizes(self, sizes):
        """H and W → H' and W'; an unknown one stays unknown."""
        return [
            output_size(size, window, stride, self.padding)
            for size, window, stride in zip(
                sizes, self.pool_size, self.strides, strict=True
            )
        ]

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        return (batch, *self.output_sizes(sizes), channels)

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class MaxPooling2D(WindowPooling2D):
    """Keeps the largest value of each window.

        y[b, i, j, c] = max over p, q of x[b, i·sh + p, j·sw + q, c]

    Padding never wins, however small the pixels are: it counts as −∞. The gradient of
    an output goes to the pixel that won and to no other.

    Args: those of `WindowPooling2D`; `pool_size` is 2 × 2 if not given.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H', W', C)`.

    Reference: Scherer, Müller & Behnke, ICANN 2010.
    """

    def __init__(
        self,
        pool_size=(2, 2),
        strides=None,
        padding="valid",
        data_format=None,
        name=None,
        **kwargs,
    ):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    @sees_channels_last
    def call(self, inputs):
        self.output_sizes(inputs.shape[1:3])  # refuses images under a window's size
        raise NotImplementedError(
            "Pad so that the padding never wins, then the views' maximum."
        )


@keras.saving.register_keras_serializable(package="layerwise")
class AveragePooling2D(WindowPooling2D):
    """Takes the mean of each window.

        y[b, i, j, c] = 1/n Σ_{p, q} x[b, i·sh + p, j·sw + q, c]

    The sum and n are over the pixels of the image that lie in the window: padding is
    not counted, so n is smaller at a padded border. (TensorFlow's rule. Keras's own
    layer follows it on TensorFlow; on PyTorch it does not for every shape.)

    Args: those of `WindowPooling2D`.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H', W', C)`.

    Reference: LeCun et al., 1998, section II.A (there called sub-sampling).
    """

    @sees_channels_last
    def call(self, inputs):
        self.output_sizes(inputs.shape[1:3])  # refuses images under a window's size
        raise NotImplementedError(
            "The sum of each window, and how many real pixels it holds."
        )


class GlobalPooling2D(keras.Layer):
    """What the two global poolings share: one number a channel is left of an image.

    Args:
        data_format: As in `WindowPooling2D`.
        keepdims: Whether height and width stay, with length 1.
        **kwargs: What every Keras layer takes.

    Raises:
        ValueError: For another `data_format`.
    """

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.data_format, self.keepdims = resolved(data_format), keepdims
        self.input_spec = image_spec(self.data_format)
        self._build_at_init()  # no weights: nothing to wait for

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, _, _, channels = input_shape
        return (batch, 1, 1, channels) if self.keepdims else (batch, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "data_format": self.data_format,
            "keepdims": self.keepdims,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest value of each channel: y[b, c] = max over i, j of x[b, i, j, c].

    Args: those of `GlobalPooling2D`.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, C)`, or `(B, 1, 1, C)` with `keepdims`.
    """

    @sees_channels_last
    def call(self, inputs):
        raise NotImplementedError("One reduction.")


@keras.saving.register_keras_serializable(package="layerwise")
class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of each channel: y[b, c] = 1/(H·W) Σ_{i, j} x[b, i, j, c].

    A network that ends in it takes images of every size.

    Args: those of `GlobalPooling2D`.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, C)`, or `(B, 1, 1, C)` with `keepdims`.

    Reference: https://arxiv.org/abs/1312.4400, section 3.2.
    """

    @sees_channels_last
    def call(self, inputs):
        raise NotImplementedError("One reduction.")
