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
        ### BEGIN SOLUTION three convolutions, a normalization after each
        wide = 4 * filters
        self.conv1, self.norm1 = self.convolution(filters, 1), self.normalization()
        self.conv2 = self.convolution(filters, 3, strides)
        self.norm2 = self.normalization()
        self.conv3, self.norm3 = self.convolution(wide, 1), self.normalization()
        self.projection = self.norm4 = None
        ### END SOLUTION

    def convolution(self, filters, kernel_size, strides=1):
        """One of the block's convolutions; it pads nothing itself."""
        ### BEGIN SOLUTION a Conv2D without bias, its kernel he_normal
        return Conv2D(
            filters,
            kernel_size,
            strides,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
        )
        ### END SOLUTION

    def normalization(self):
        """One of the block's normalizations."""
        ### BEGIN SOLUTION a BatchNormalization with momentum 0.9 and epsilon 1e-5
        return BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=self.dtype_policy)
        ### END SOLUTION

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        ### BEGIN SOLUTION the projection where it is needed, and the weights of them all
        thin, wide = self.filters, 4 * self.filters
        if self.strides > 1 or channels != wide:
            self.projection = self.convolution(wide, 1)  # `shortcut` has the stride
            self.norm4 = self.normalization()
            self.projection.build((None, None, None, channels))
            self.norm4.build((None, None, None, wide))
        self.conv1.build((None, None, None, channels))
        self.norm1.build((None, None, None, thin))
        self.conv2.build((None, None, None, thin))
        self.norm2.build((None, None, None, thin))
        self.conv3.build((None, None, None, thin))
        self.norm3.build((None, None, None, wide))
        ### END SOLUTION

    def call(self, inputs):
        ### BEGIN SOLUTION F, the shortcut, their sum, and relu where the formula has it
        x = ops.relu(self.norm1(self.conv1(inputs)))  # (B, H, W, filters)
        x = ops.relu(self.norm2(self.conv2(self.bordered(x))))  # ⌈H / s⌉ × ⌈W / s⌉
        x = self.norm3(self.conv3(x))  # 4 · filters channels
        return ops.relu(x + self.shortcut(inputs))
        ### END SOLUTION

    def shortcut(self, inputs):
        """The input in the shape of the output, with as little change as possible."""
        ### BEGIN SOLUTION the input itself, or its projection and that one's norm
        if self.projection is None:
            return inputs
        # The same as a stride in the 1×1 convolution, whose gradient for few channels
        # breaks PyTorch on some processors: github.com/uxlfoundation/oneDNN/issues/6035
        s = self.strides
        return self.norm4(self.projection(inputs[:, ::s, ::s]))
        ### END SOLUTION

    def bordered(self, x):
        """One row or column of zeros on each side: (B, H + 2, W + 2, C)."""
        ### BEGIN SOLUTION ops.pad
        return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        ### END SOLUTION

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
