"""MobileNet (Howard et al., 2017)."""

import keras
from keras import ops

from course.parts import (
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseSeparableBlock,
    GlobalAveragePooling2D,
)


@keras.saving.register_keras_serializable(package="layerwise")
class MobileNet(keras.Model):
    """One full convolution, thirteen separable ones, and one layer that decides.

    |           | layer                     | filters | stride |
    |-----------|---------------------------|---------|--------|
    | stem      | `Conv2D` 3×3              | 32      | 2      |
    | block 1   | `DepthwiseSeparableBlock` | 64      | 1      |
    | block 2   |                           | 128     | 2      |
    | block 3   |                           | 128     | 1      |
    | block 4   |                           | 256     | 2      |
    | block 5   |                           | 256     | 1      |
    | block 6   |                           | 512     | 2      |
    | block 7–11|                           | 512     | 1      |
    | block 12  |                           | 1024    | 2      |
    | block 13  |                           | 1024    | 1      |

    The width multiplier `alpha` (section 3.3) makes all of them thinner or wider: F in
    the table stands for ⌊alpha · F⌋ filters.

    The stem's convolution has no bias and pads as Keras's `same` does; normalization
    and relu6 follow it. With stem `cifar` its stride is 1. After the last block the
    mean over height and width (`GlobalAveragePooling2D`) and a `Dense` layer with a
    bias and no activation: the outputs are logits. Normalizations and initializers are
    as Keras has them.

    Trainable parameters:

        | alpha | 1000 classes | 10 classes |
        |-------|-------------:|-----------:|
        | 1     |    4,231,976 |  3,217,226 |
        | 0.75  |    2,585,560 |  1,824,250 |
        | 0.5   |    1,331,592 |    823,722 |
        | 0.25  |      470,072 |    215,642 |

    Weights, in this order: the stem's convolution and normalization, the blocks one
    after the other, the last layer.

    Args:
        alpha: The width multiplier, a positive number.
        num_classes: How many logits.
        stem: `imagenet`, for images of 224 pixels; `cifar`, for 32 or 28.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: If `alpha` leaves the stem no filter or isn't a number, for a stem
            that isn't listed, if `num_classes` is no positive integer, and when built
            on an input whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1704.04861, table 1. Its last block says stride 2
    and goes from 7×7 to 7×7 pixels: a misprint for 1. There is no dropout here.
    """

    def __init__(self, alpha=1.0, num_classes=1000, stem="imagenet", **kwargs):
        super().__init__(**kwargs)
        if type(alpha) not in (int, float) or not 32 * alpha >= 1:
            raise ValueError(f"alpha must be a number, 1/32 or more; got {alpha!r}.")
        if stem not in ("imagenet", "cifar"):
            raise ValueError(f"stem must be imagenet or cifar; got {stem!r}.")
        if type(num_classes) is not int or num_classes < 1:
            raise ValueError(f"num_classes={num_classes!r}: no positive integer.")
        self.alpha, self.num_classes, self.stem = alpha, num_classes, stem
        dtype = self.dtype_policy
        raise NotImplementedError(
            "The layers of the table and the end, each with this dtype."
        )

    def thinned(self, filters):
        """How many filters are left of so many."""
        raise NotImplementedError("⌊alpha · filters⌋.")

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

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "num_classes": self.num_classes,
            "stem": self.stem,
        }
