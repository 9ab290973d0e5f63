"""Residual networks (He, Zhang, Ren & Sun, 2016), variant v1.5."""

import keras
from keras import ops

from course.parts import (
    BatchNormalization,
    BottleneckBlock,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ResidualBlock,
)

# Table 1: how many blocks each of the four stages has.
BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
}


@keras.saving.register_keras_serializable(package="layerwise")
class ResNet(keras.Model):
    """A stem, four stages of residual blocks, and one layer that decides.

    | stage | blocks            | `filters`   | stride of the first block |
    |-------|-------------------|-------------|---------------------------|
    | 1     | `BLOCKS[depth][0]` | `width`     | 1                         |
    | 2     | `BLOCKS[depth][1]` | 2 · `width` | 2                         |
    | 3     | `BLOCKS[depth][2]` | 4 · `width` | 2                         |
    | 4     | `BLOCKS[depth][3]` | 8 · `width` | 2                         |

    All other blocks have stride 1. Networks of depth 18 and 34 are made of
    `ResidualBlock`, those of depth 50 and 101 of `BottleneckBlock`. After the last
    stage the mean over height and width (`GlobalAveragePooling2D`) and a `Dense` layer
    with a bias and no activation: the outputs are logits.

    The stem makes `width` channels of the image:

        imagenet   3 zeros on each side, convolution 7×7 with stride 2, normalization,
                   relu, 1 zero on each side, max pooling 3×3 with stride 2:
                   a quarter of the height and width, rounded up twice
        cifar      1 zero on each side, convolution 3×3 with stride 1, normalization,
                   relu: height and width stay

    (Nothing is below zero after relu, so zeros around a maximum change nothing.) The
    stem's convolution has no bias and starts as `he_normal`; its normalization has
    momentum 0.9 and epsilon 1e-5, as in the blocks.

    Trainable parameters, `width` being 64:

        |           | imagenet, 1000 classes | cifar, 10 classes |
        |-----------|-----------------------:|------------------:|
        | ResNet-18 |             11,689,512 |        11,173,962 |
        | ResNet-34 |             21,797,672 |        21,282,122 |
        | ResNet-50 |             25,557,032 |        23,520,842 |
        | ResNet-101|             44,549,160 |        42,512,970 |

    Weights, in this order: the stem's convolution and normalization, the blocks one
    after the other, the last layer.

    Args:
        depth: 18, 34, 50 or 101: how many layers with a kernel lie on the longest way.
        num_classes: How many logits.
        stem: `imagenet`, for images of 224 pixels; `cifar`, for 32 or 28.
        width: How many channels the stem makes.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: For a depth or stem that isn't listed, if `num_classes` or `width`
            is no positive integer, and when built on an input whose number of channels
            is unknown.

    Reference: https://arxiv.org/abs/1512.03385, table 1 and section 3.4. v1.5 has the
    stride of a bottleneck in its 3×3 convolution; the networks for CIFAR of section 4.2
    are narrower and are not these.
    """

    def __init__(self, depth, num_classes=1000, stem="imagenet", width=64, **kwargs):
        super().__init__(**kwargs)
        if depth not in BLOCKS or stem not in ("imagenet", "cifar"):
            raise ValueError(
                f"depth must be one of {list(BLOCKS)} and stem imagenet or cifar; got "
                f"{depth!r} and {stem!r}."
            )
        if any(type(n) is not int or n < 1 for n in (num_classes, width)):
            raise ValueError(
                f"num_classes={num_classes!r} and width={width!r} must be positive "
                "integers."
            )
        self.depth, self.num_classes = depth, num_classes
        self.stem, self.width = stem, width
        dtype = self.dtype_policy
        raise NotImplementedError(
            "The layers of the stem, the blocks and the end, with this dtype."
        )

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        raise NotImplementedError("Build each layer on the channels that reach it.")

    def call(self, inputs, training=False):
        # `fit` says `training` only to a model that takes it; Keras tells its layers.
        raise NotImplementedError("The stem, the blocks, the mean, the logits.")

    def bordered(self, x, size):
        """`size` rows or columns of zeros on each side."""
        raise NotImplementedError("Ops.pad.")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "depth": self.depth,
            "num_classes": self.num_classes,
            "stem": self.stem,
            "width": self.width,
        }


def ResNet18(num_classes=1000, stem="imagenet", width=64, **kwargs):
    """`ResNet` of depth 18."""
    raise NotImplementedError("A ResNet.")


def ResNet50(num_classes=1000, stem="imagenet", width=64, **kwargs):
    """`ResNet` of depth 50."""
    raise NotImplementedError("A ResNet.")
