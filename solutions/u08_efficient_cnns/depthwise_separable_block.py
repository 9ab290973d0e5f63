"""The depthwise separable block of MobileNet (Howard et al., 2017)."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D, DepthwiseConv2D


@keras.saving.register_keras_serializable(package="layerwise")
class DepthwiseSeparableBlock(keras.Layer):
    """A convolution in two steps: first over the pixels, then over the channels.

        y = relu6(norm2(pointwise(z)))          z = relu6(norm1(depthwise(x)))

    |           | kernel | filters              | stride | sums over            |
    |-----------|--------|----------------------|--------|----------------------|
    | depthwise | 3×3    | one for each channel | s      | 9 pixels, no channel |
    | pointwise | 1×1    | `filters`            | 1      | channels, one pixel  |

    relu6(x) = min(max(x, 0), 6), in Keras `ops.relu6`: figure 3 has relu there, the
    authors' code relu6, whose values fit into a few bits on a telephone.

    No convolution has a bias; the depthwise one pads as Keras's `same` does, so that

        (B, H, W, C) → (B, ⌈H / s⌉, ⌈W / s⌉, filters)

    Every `BatchNormalization` and every kernel's initializer is as Keras has it. Keras
    hands `training` on to the normalizations by itself.

    Weights, in this order: depthwise (3, 3, C, 1), norm1, pointwise (1, 1, C, filters),
    norm2. A normalization has gamma, beta, moving mean and moving variance.

    Args:
        filters: How many filters the pointwise convolution has.
        strides: s, one positive integer.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, ⌈H / s⌉, ⌈W / s⌉, filters)`.

    Raises:
        ValueError: If `filters` or `strides` is no positive integer, and when built on
            an input whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1704.04861, section 3.1 and figure 3 (right).
    """

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        if type(filters) is not int or type(strides) is not int:
            raise ValueError(f"filters={filters!r}, strides={strides!r}: no integers.")
        if filters < 1 or strides < 1:
            raise ValueError(f"filters={filters}, strides={strides}: not positive.")
        self.filters, self.strides = filters, strides
        dtype = self.dtype_policy
        ### BEGIN SOLUTION two convolutions, a normalization after each, with this dtype
        self.depthwise = DepthwiseConv2D(
            3, strides, padding="same", use_bias=False, dtype=dtype
        )
        self.norm1 = BatchNormalization(dtype=dtype)
        self.pointwise = Conv2D(filters, 1, use_bias=False, dtype=dtype)
        self.norm2 = BatchNormalization(dtype=dtype)
        ### END SOLUTION

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        ### BEGIN SOLUTION build each layer on the channels that reach it
        self.depthwise.build((None, None, None, channels))
        self.norm1.build((None, None, None, channels))
        self.pointwise.build((None, None, None, channels))
        self.norm2.build((None, None, None, self.filters))
        ### END SOLUTION

    def call(self, inputs):
        ### BEGIN SOLUTION two steps: convolution, normalization, relu6
        x = ops.relu6(self.norm1(self.depthwise(inputs)))  # (B, ⌈H / s⌉, ⌈W / s⌉, C)
        return ops.relu6(self.norm2(self.pointwise(x)))  # `filters` channels
        ### END SOLUTION

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
