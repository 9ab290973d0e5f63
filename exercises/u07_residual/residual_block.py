"""The basic residual block (He, Zhang, Ren & Sun, 2016)."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D


@keras.saving.register_keras_serializable(package="layerwise")
class ResidualBlock(keras.Layer):
    """Adds to its input what two convolutions find should be changed in it.

        y = relu(F(x) + x)                                            (eq. 1)
        F(x) = norm2(conv2(relu(norm1(conv1(x)))))

    Both convolutions are 3×3 with `filters` filters and no bias: the beta of the
    normalization stands for it. The first one has the stride. One row or column of
    zeros is put on *each* side of what a convolution reads, whatever the stride, so
    that with stride s the windows are centered on rows and columns 0, s, 2s, … and

        (B, H, W, C) → (B, ⌈H / s⌉, ⌈W / s⌉, filters)

    Where this changes the shape (s > 1, or C ≠ `filters`), x can't be added as it is.
    Then, and only then, the shortcut is a projection:

        y = relu(F(x) + norm3(projection(x)))                         (eq. 2)

    a 1×1 convolution with `filters` filters and no bias that looks at the pixels 0, s,
    2s, … too, and a normalization of its own.

    Every `BatchNormalization` has momentum 0.9 and epsilon 1e-5; every kernel starts as
    `he_normal`. Keras hands `training` on to the normalizations by itself.

    Weights, in this order: conv1, norm1, conv2, norm2, projection, norm3; the last two
    only where there is a projection. A convolution has a kernel, a normalization has
    gamma, beta, moving mean and moving variance.

    Args:
        filters: How many filters each convolution has.
        strides: s, one positive integer.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, ⌈H / s⌉, ⌈W / s⌉, filters)`.

    Raises:
        ValueError: If `filters` or `strides` is no positive integer, and when built on
            an input whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1512.03385, sections 3.2 to 3.4, shortcuts of kind
    B; figure 2.
    """

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        if type(filters) is not int or type(strides) is not int:
            raise ValueError(f"filters={filters!r}, strides={strides!r}: no integers.")
        if filters < 1 or strides < 1:
            raise ValueError(f"filters={filters}, strides={strides}: not positive.")
        self.filters, self.strides = filters, strides
        raise NotImplementedError(
            "Conv1, norm1, conv2, norm2, with the dtype self.dtype_policy."
        )

    def convolution(self, kernel_size, strides):
        """One of the block's convolutions; it pads nothing itself."""
        raise NotImplementedError("A Conv2D without bias, its kernel he_normal.")

    def normalization(self):
        """One of the block's normalizations."""
        raise NotImplementedError(
            "A BatchNormalization with momentum 0.9 and epsilon 1e-5."
        )

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        raise NotImplementedError(
            "The projection where it is needed, and the weights of them all."
        )

    def call(self, inputs):
        raise NotImplementedError(
            "F, the shortcut, their sum, and relu where the formula has it."
        )

    def shortcut(self, inputs):
        """The input in the shape of the output, with as little change as possible."""
        raise NotImplementedError(
            "The input itself, or its projection and that one's norm."
        )

    def bordered(self, x):
        """One row or column of zeros on each side: (B, H + 2, W + 2, C)."""
        raise NotImplementedError("Ops.pad.")

    def compute_output_shape(self, input_shape):
        batch, *image, _ = input_shape
        height, width = (n if n is None else -(-n // self.strides) for n in image)
        return (batch, height, width, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
        }
