"""The bottleneck block (He, Zhang, Ren & Sun, 2016), variant v1.5."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D


@keras.saving.register_keras_serializable(package="layerwise")
class BottleneckBlock(keras.Layer):
    """Adds to its input what three convolutions find should be changed in it.

        y = relu(F(x) + x)                                            (eq. 1)
        F(x) = norm3(conv3(relu(norm2(conv2(relu(norm1(conv1(x))))))))

    |       | kernel | filters       | stride |
    |-------|--------|---------------|--------|
    | conv1 | 1×1    | `filters`     | 1      |
    | conv2 | 3×3    | `filters`     | s      |
    | conv3 | 1×1    | 4 · `filters` | 1      |

    The first makes the image thin, the second looks around at a quarter of the cost,
    the third makes it wide again. This is the variant that is called v1.5: the stride
    is in the 3×3. The paper had it in the first 1×1, where three of four pixels are
    never looked at.

    No convolution has a bias. One row or column of zeros is put on *each* side of what
    the 3×3 reads, whatever the stride, so that with stride s the windows are centered
    on rows and columns 0, s, 2s, … and

        (B, H, W, C) → (B, ⌈H / s⌉, ⌈W / s⌉, 4 · filters)

    Where this changes the shape (s > 1, or C ≠ 4 · `filters`), and only there, the
    shortcut is a projection:

        y = relu(F(x) + norm4(projection(x)))                         (eq. 2)

    a 1×1 convolution with 4 · `filters` filters and no bias that looks at the pixels 0,
    s, 2s, … too, and a normalization of its own.

    Every `BatchNormalization` has momentum 0.9 and epsilon 1e-5; every kernel starts as
    `he_normal`. Keras hands `training` on to the normalizations by itself.

    Weights, in this order: conv1, norm1, conv2, norm2, conv3, norm3, projection, norm4;
    the last two only where there is a projection. A convolution has a kernel, a
    normalization has gamma, beta, moving mean and moving variance.

    Args:
        filters: How many filters the two thin convolutions have.
        strides: s, one positive integer.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, ⌈H / s⌉, ⌈W / s⌉, 4 · filters)`.

    Raises:
        ValueError: If `filters` or `strides` is no positive integer, and when built on
            an input whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1512.03385, section 4.1, "Deeper Bottleneck
    Architectures", figure 5.
    """

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        if type(filters) is not int or type(strides) is not int:
            raise ValueError(f"filters={filters!r}, strides={strides!r}: no integers.")
        if filters < 1 or strides < 1:
            raise ValueError(f"filters={filters}, strides={strides}: not positive.")
        self.filters, self.strides = filters, strides
        raise NotImplementedError("Three convolutions, a normalization after each.")

    def convolution(self, filters, kernel_size, strides=1):
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
        return (batch, height, width, 4 * self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
        }
