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
        ### BEGIN SOLUTION the layers of the stem, the blocks and the end, with this dtype
        kernel_size, strides = (7, 2) if stem == "imagenet" else (3, 1)
        self.conv = Conv2D(
            width,
            kernel_size,
            strides,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=dtype,
        )
        self.norm = BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype)
        self.pool = MaxPooling2D(3, 2, dtype=dtype) if stem == "imagenet" else None
        Block = ResidualBlock if depth < 50 else BottleneckBlock
        self.blocks = []
        for stage, count in enumerate(BLOCKS[depth]):
            filters = 2**stage * width
            self.blocks.append(Block(filters, 2 if stage > 0 else 1, dtype=dtype))
            self.blocks += [Block(filters, dtype=dtype) for _ in range(count - 1)]
        self.mean = GlobalAveragePooling2D(dtype=dtype)
        self.logits = Dense(num_classes, dtype=dtype)
        ### END SOLUTION

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        ### BEGIN SOLUTION build each layer on the channels that reach it
        self.conv.build((None, None, None, input_shape[-1]))
        shape = (None, None, None, self.width)
        self.norm.build(shape)
        for block in self.blocks:
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.logits.build((None, shape[-1]))
        ### END SOLUTION

    def call(self, inputs, training=False):
        # `fit` says `training` only to a model that takes it; Keras tells its layers.
        ### BEGIN SOLUTION the stem, the blocks, the mean, the logits
        border = (self.conv.kernel_size[0] - 1) // 2
        x = ops.relu(self.norm(self.conv(self.bordered(inputs, border))))
        if self.pool is not None:
            x = self.pool(self.bordered(x, 1))  # (B, ⌈H / 4⌉, ⌈W / 4⌉, width)
        for block in self.blocks:
            x = block(x)
        return self.logits(self.mean(x))
        ### END SOLUTION

    def bordered(self, x, size):
        """`size` rows or columns of zeros on each side."""
        ### BEGIN SOLUTION ops.pad
        return ops.pad(x, ((0, 0), (size, size), (size, size), (0, 0)))
        ### END SOLUTION

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
    ### BEGIN SOLUTION a ResNet
    return ResNet(18, num_classes, stem, width, **kwargs)
    ### END SOLUTION


def ResNet50(num_classes=1000, stem="imagenet", width=64, **kwargs):
    """`ResNet` of depth 50."""
    ### BEGIN SOLUTION a ResNet
    return ResNet(50, num_classes, stem, width, **kwargs)
    ### END SOLUTION
