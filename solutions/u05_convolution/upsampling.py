"""Larger images without weights: repeated or interpolated pixels, zeros around."""

import keras
from keras import ops

from course import resizing
from course.data_format import image_spec, resolved, sees_channels_last
from course.shapes import pair


@keras.saving.register_keras_serializable(package="layerwise")
class UpSampling2D(keras.Layer):
    """Makes an image larger by whole factors, one axis after the other.

    Along an axis of n pixels with factor s, `nearest` repeats each pixel s times:

        y[o] = x[⌊o / s⌋]        for o = 0 … n·s − 1

    and `bilinear` goes in a straight line from the middle of each pixel to the middle of
    the next. The middle of place o lies at u, in pixels, and beyond the middles of the
    first and the last pixel the image stays constant:

        u = max((o + ½) / s − ½, 0),    i = ⌊u⌋,    t = u − i
        y[o] = (1 − t) · x[i] + t · x[min(i + 1, n − 1)]

    Args:
        size: One integer or two: the factors for rows and for columns.
        data_format: `channels_last`, or `channels_first` for images (B, C, H, W). Methods
            marked `sees_channels_last` see (B, H, W, C) in both cases. None means Keras's
            own setting, and is refused if that is `channels_first`.
        interpolation: `nearest` or `bilinear`; or `bicubic`, `lanczos3`, `lanczos5`, which
            are not built here but left to Keras (`course.resizing`).
        **kwargs: What every Keras layer takes.

    Input shape: `(B, H, W, C)`; B, H and W may be unknown.
    Output shape: `(B, H·sh, W·sw, C)`.

    Raises:
        ValueError: For other arguments.

    Reference: https://distill.pub/2016/deconv-checkerboard (why not Conv2DTranspose).
    """

    def __init__(
        self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs
    ):
        super().__init__(**kwargs)
        self.size, self.interpolation = pair(size, "size"), str(interpolation).lower()
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)
        known = ("nearest", "bilinear", *resizing.CURVED)
        if self.interpolation not in known:
            raise ValueError(
                f"interpolation must be one of {', '.join(known)}; got {interpolation!r}."
            )

    @sees_channels_last
    def call(self, inputs):
        if self.interpolation in resizing.CURVED:
            return resizing.enlarged(inputs, self.size, self.interpolation)
        if self.interpolation == "bilinear":
            inputs = ops.cast(inputs, self.compute_dtype)  # whole numbers too
        ### BEGIN SOLUTION rows, then columns, each with its factor
        nearest = self.interpolation == "nearest"
        stretch = self.repeated if nearest else self.interpolated
        rows, columns = self.size
        return stretch(stretch(inputs, 1, rows), 2, columns)
        ### END SOLUTION

    def repeated(self, x, axis, factor):
        """`nearest` along one axis."""
        ### BEGIN SOLUTION every pixel `factor` times
        return ops.repeat(x, factor, axis=axis)
        ### END SOLUTION

    def interpolated(self, x, axis, factor):
        """`bilinear` along one axis."""
        ### BEGIN SOLUTION i and t for every place, two lookups, their weighted sum
        n = ops.shape(x)[axis]
        u = ops.maximum(2 * ops.arange(n * factor) + 1 - factor, 0)  # in 1/(2s) pixel
        i = u // (2 * factor)
        t = ops.cast(u % (2 * factor), x.dtype) / (2 * factor)
        t = ops.reshape(t, [-1 if a == axis else 1 for a in range(4)])
        after = ops.minimum(i + 1, n - 1)
        return (1 - t) * ops.take(x, i, axis) + t * ops.take(x, after, axis)
        ### END SOLUTION

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        height, width = (
            None if n is None else n * s for n, s in zip(sizes, self.size, strict=True)
        )
        return (batch, height, width, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "data_format": self.data_format,
            "interpolation": self.interpolation,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class ZeroPadding2D(keras.Layer):
    """Puts rows and columns of zeros around an image.

    Args:
        padding: One integer, for all four sides; two, for (top and bottom, left and
            right); or two pairs, ((top, bottom), (left, right)).
        data_format: As in `UpSampling2D`.
        **kwargs: What every Keras layer takes.

    Input shape: `(B, H, W, C)`; B, H and W may be unknown.
    Output shape: `(B, top + H + bottom, left + W + right, C)`.

    Raises:
        ValueError: For other arguments, numbers below 0 among them.
    """

    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = resolved(data_format)
        self.input_spec = image_spec(self.data_format)
        if isinstance(padding, int):
            padding = (padding, padding)
        if not isinstance(padding, (tuple, list)) or len(padding) != 2:
            raise ValueError(
                "padding must be an integer, two integers or two pairs of integers; "
                f"got {padding!r}."
            )
        ### BEGIN SOLUTION self.padding, as ((top, bottom), (left, right)), by `pair`
        rows, columns = padding
        self.padding = (
            pair(rows, "padding of rows", smallest=0),
            pair(columns, "padding of columns", smallest=0),
        )
        ### END SOLUTION

    @sees_channels_last
    def call(self, inputs):
        ### BEGIN SOLUTION one ops.pad
        rows, columns = self.padding
        return ops.pad(inputs, ((0, 0), rows, columns, (0, 0)))
        ### END SOLUTION

    @sees_channels_last
    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        height, width = (
            None if n is None else n + sum(sides)
            for n, sides in zip(sizes, self.padding, strict=True)
        )
        return (batch, height, width, channels)

    def get_config(self):
        return {
            **super().get_config(),
            "padding": self.padding,
            "data_format": self.data_format,
        }
