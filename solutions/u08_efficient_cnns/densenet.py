"""Densely connected networks (Huang, Liu, van der Maaten & Weinberger, 2017)."""

import keras
from keras import ops

from course.parts import (
    BatchNormalization,
    Conv2D,
    Dense,
    DenseBlock,
    GlobalAveragePooling2D,
    MaxPooling2D,
    TransitionBlock,
)

# Table 1: how many layers each of the dense blocks has.
BLOCKS = {
    121: (6, 12, 24, 16),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
}


@keras.saving.register_keras_serializable(package="layerwise")
class DenseNet(keras.Model):
    """A stem, dense blocks with a transition between any two, one layer that decides.

    With L layers in each block and growth rate k:

        stem
        DenseBlock(L_1, k), TransitionBlock, …, TransitionBlock, DenseBlock(L_n, k)
        normalization, relu, mean over height and width, logits

    There is a transition after every block but the last; it halves channels, height and
    width. The logits come from a `Dense` layer with a bias and no activation, the mean
    from `GlobalAveragePooling2D`. The stem makes 2k channels of the image:

        imagenet   3 zeros on each side, convolution 7×7 with stride 2, normalization,
                   relu, 1 zero on each side, max pooling 3×3 with stride 2:
                   a quarter of the height and width, rounded up twice
        cifar      convolution 3×3 with `same` padding and stride 1, nothing else: a
                   dense block begins with a normalization

    The stem's convolution has no bias and starts as `he_normal`; normalizations have
    momentum 0.9 and epsilon 1e-5, as in the blocks.

    Trainable parameters:

        | depth        | growth rate | stem     | classes | parameters |
        |--------------|------------:|----------|--------:|-----------:|
        | 121          |          32 | imagenet |    1000 |  7,978,856 |
        | 169          |          32 | imagenet |    1000 | 14,149,480 |
        | 201          |          32 | imagenet |    1000 | 20,013,928 |
        | (16, 16, 16) |          12 | cifar    |      10 |    769,162 |

    Weights, in this order: the stem's convolution and, for `imagenet`, normalization;
    the blocks and transitions one after the other; the last normalization and layer.

    Args:
        depth: 121, 169 or 201: how many layers with a kernel lie on the longest way. Or
            the number of layers of each block, such as (6, 12, 24, 16).
        num_classes: How many logits.
        stem: `imagenet`, for images of 224 pixels; `cifar`, for 32 or 28.
        growth_rate: k.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: For a depth or stem that isn't listed, if a number of layers,
            `num_classes` or `growth_rate` is no positive integer, and when built on an
            input whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1608.06993, section 3 and table 1 (DenseNet-BC,
    θ = 0.5); section 4.1 for the networks for CIFAR, where (16, 16, 16) with k = 12 is
    called L = 100.
    """

    def __init__(
        self, depth, num_classes=1000, stem="imagenet", growth_rate=32, **kwargs
    ):
        super().__init__(**kwargs)
        listed = isinstance(depth, (tuple, list))
        if not (listed or depth in list(BLOCKS)) or stem not in ("imagenet", "cifar"):
            raise ValueError(
                f"depth must be one of {list(BLOCKS)} or a list of blocks, and stem "
                f"imagenet or cifar; got {depth!r} and {stem!r}."
            )
        counts = tuple(depth) if listed else BLOCKS[depth]
        sizes = (*counts, num_classes, growth_rate)
        if not counts or any(type(n) is not int or n < 1 for n in sizes):
            raise ValueError(
                f"depth={depth!r}, num_classes={num_classes!r} and "
                f"growth_rate={growth_rate!r} must be positive integers."
            )
        self.depth = counts if listed else depth
        self.num_classes, self.stem, self.growth_rate = num_classes, stem, growth_rate
        dtype = self.dtype_policy
        ### BEGIN SOLUTION the layers of the stem, `counts` blocks, the end: this dtype
        large = stem == "imagenet"
        self.conv = Conv2D(
            2 * growth_rate,
            7 if large else 3,
            2 if large else 1,
            padding="valid" if large else "same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=dtype,
        )
        self.norm = self.normalization() if large else None
        self.pool = MaxPooling2D(3, 2, dtype=dtype) if large else None
        self.blocks = []
        for count in counts:
            if self.blocks:
                self.blocks.append(TransitionBlock(0.5, dtype=dtype))
            self.blocks.append(DenseBlock(count, growth_rate, dtype=dtype))
        self.last_norm = self.normalization()
        self.mean = GlobalAveragePooling2D(dtype=dtype)
        self.logits = Dense(num_classes, dtype=dtype)
        ### END SOLUTION

    def normalization(self):
        """One of the normalizations of the stem and the end."""
        ### BEGIN SOLUTION a BatchNormalization with momentum 0.9 and epsilon 1e-5
        return BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=self.dtype_policy)
        ### END SOLUTION

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        ### BEGIN SOLUTION build each layer on the channels that reach it
        self.conv.build((None, None, None, input_shape[-1]))
        shape = (None, None, None, 2 * self.growth_rate)
        if self.norm is not None:
            self.norm.build(shape)
        for block in self.blocks:
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.last_norm.build(shape)
        self.logits.build((None, shape[-1]))
        ### END SOLUTION

    def call(self, inputs, training=False):
        # `fit` says `training` only to a model that takes it; Keras tells its layers.
        ### BEGIN SOLUTION the stem, the blocks, normalization, relu, mean, logits
        x = self.begin(inputs)
        for block in self.blocks:
            x = block(x)
        return self.logits(self.mean(ops.relu(self.last_norm(x))))
        ### END SOLUTION

    def begin(self, images):
        """The stem: 2k channels of the image."""
        ### BEGIN SOLUTION a convolution and, for imagenet, what the table lists
        if self.stem == "cifar":
            return self.conv(images)
        x = ops.relu(self.norm(self.conv(self.bordered(images, 3))))
        return self.pool(self.bordered(x, 1))  # (B, ⌈H / 4⌉, ⌈W / 4⌉, 2k)
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
            "growth_rate": self.growth_rate,
        }


def DenseNet121(num_classes=1000, stem="imagenet", growth_rate=32, **kwargs):
    """`DenseNet` of depth 121."""
    ### BEGIN SOLUTION a DenseNet
    return DenseNet(121, num_classes, stem, growth_rate, **kwargs)
    ### END SOLUTION
