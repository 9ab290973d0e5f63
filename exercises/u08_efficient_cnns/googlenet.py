"""GoogLeNet, the first network of Inception blocks (Szegedy et al., 2015)."""

import keras

from course.parts import (
    AuxiliaryClassifier,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePooling2D,
    InceptionBlock,
    LocalResponseNormalization,
    MaxPooling2D,
)

# Table 1, in the order of InceptionBlock's arguments: #1×1, #3×3 reduce, #3×3,
# #5×5 reduce, #5×5, pool proj.
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
HALVED_BEFORE = ("4a", "5a")
CLASSIFIED_AFTER = ("4a", "4d")
AUXILIARY_WEIGHT = 0.3  # section 5


@keras.saving.register_keras_serializable(package="layerwise")
class GoogLeNet(keras.Model):
    """A stem, nine Inception blocks, one layer that decides, and two that help it learn.

    The stem, for images of 224 pixels and for small ones:

        | imagenet                     | cifar                        |
        |------------------------------|------------------------------|
        | convolution 7×7, stride 2    | convolution 3×3              |
        | max pooling 3×3, stride 2    |                              |
        | local response normalization | local response normalization |
        | convolution 1×1              | convolution 1×1              |
        | convolution 3×3              | convolution 3×3              |
        | local response normalization | local response normalization |
        | max pooling 3×3, stride 2    |                              |

    The first two convolutions have `width` filters, the third 3 · `width`. Then the
    blocks of `BLOCKS`, in order, all their numbers times `width` / 64, with a max
    pooling 3×3, stride 2, in front of those in `HALVED_BEFORE`. After the last block
    the mean over height and width, `Dropout` with `dropout_rate`, and a `Dense` layer
    without activation: logits.

    Everything that has a window has `same` padding, as figure 3 says ("S"). Every
    convolution has a bias, a kernel that starts as `he_normal`, and relu behind it. The
    normalizations are `LocalResponseNormalization` as it is by default: the paper only
    names them.

    **The auxiliary classifiers.** With `auxiliary`, an `AuxiliaryClassifier` reads the
    output of each block in `CLASSIFIED_AFTER`, with 2 · `width` filters, 16 · `width`
    units and `auxiliary_dropout_rate`. They are there for training alone:

        model(images)                   logits
        model(images, training=True)    [logits, those of the classifier after 4a,
                                         those of the classifier after 4d]

    and `compute_loss`, which Keras asks in `fit`, makes one number of the three:

        loss(y, logits) + 0.3 · loss(y, logits after 4a) + 0.3 · loss(y, logits after 4d)

    So `fit` takes one label an image, and so do `evaluate` and `predict`, which never
    run the classifiers. Metrics look at the logits alone. The loss that `fit` shows is
    the sum; compare it with `val_loss` only without `auxiliary`, where the two mean the
    same and the model returns its logits in training too.

    Parameters, `width` being 64:

        |                     | 224×224×3, 1000 classes | cifar, 32×32×3, 10 classes |
        |---------------------|------------------------:|---------------------------:|
        | without `auxiliary` |               6,998,552 |                  5,976,122 |
        | with it             |              13,378,280 |                 10,326,350 |

    Weights, in this order: the stem, the blocks, the last layer, the classifier after
    4a, the one after 4d. Without the classifiers the weights are the first of these.

    Args:
        num_classes: How many logits.
        auxiliary: Whether there are auxiliary classifiers.
        stem: `imagenet`, for images of 224 pixels; `cifar`, for 32 or 28.
        width: How many filters the stem begins with, a multiple of 8.
        dropout_rate: Share of the last block's channels that is dropped in training.
        auxiliary_dropout_rate: The same for the classifiers' hidden layers.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B may be unknown. With `auxiliary`, H
    and W are known, and at least 65 (imagenet) or 9 (cifar).
    Output shape: `(B, num_classes)`; in training with `auxiliary` three of these.

    Raises:
        ValueError: For another stem, if `num_classes` is no positive integer or `width`
            no positive multiple of 8, and when built on an input whose number of
            channels is unknown; with `auxiliary` also on images that are too small or of
            unknown size.

    Reference: https://arxiv.org/abs/1409.4842, table 1, figure 3 and section 5.
    """

    def __init__(
        self,
        num_classes=1000,
        auxiliary=True,
        stem="imagenet",
        width=64,
        dropout_rate=0.4,
        auxiliary_dropout_rate=0.7,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if stem not in ("imagenet", "cifar"):
            raise ValueError(f"stem must be imagenet or cifar; got {stem!r}.")
        if type(num_classes) is not int or num_classes < 1:
            raise ValueError(f"num_classes={num_classes!r}: no positive integer.")
        if type(width) is not int or width < 1 or width % 8:
            raise ValueError(f"width={width!r}: no positive multiple of 8.")
        self.num_classes, self.auxiliary = num_classes, auxiliary
        self.stem, self.width = stem, width
        self.dropout_rate = dropout_rate
        self.auxiliary_dropout_rate = auxiliary_dropout_rate
        dtype = self.dtype_policy
        raise NotImplementedError(
            "The stem, the blocks, the end and the classifiers, in this order."
        )

    def stem_layers(self):
        """The layers in front of the blocks, in order."""
        raise NotImplementedError("The column of the table that `stem` names.")

    def convolution(self, filters, kernel_size, strides=1):
        """One of the stem's convolutions, with the relu behind it."""
        raise NotImplementedError(
            "A Conv2D with relu, `same` padding and a he_normal kernel."
        )

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        least = 65 if self.stem == "imagenet" else 9  # 5×5 pixels reach a classifier
        known = None not in input_shape[1:3]
        if self.auxiliary and not (known and min(input_shape[1:3]) >= least):
            raise ValueError(
                f"The auxiliary classifiers need images of a known size, at least "
                f"{least}×{least}; got input shape {tuple(input_shape)}. With "
                "auxiliary=False any size will do."
            )
        raise NotImplementedError(
            "Build each layer on the shape that the one before it gives."
        )

    def call(self, inputs, training=False):
        # `fit` says `training` only to a model that takes it; Keras tells its layers.
        raise NotImplementedError(
            "The logits; in training those of the classifiers behind them."
        )

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """The loss given to `compile`, once for each of the outputs, as one sum.

        `super().compute_loss` takes the same arguments and gives it for one output.
        """
        raise NotImplementedError(
            "The logits' loss, and that of each classifier times its weight."
        )

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        # In training too, a metric judges what the network will answer with.
        return super().compute_metrics(x, y, self.outputs_of(y_pred)[0], sample_weight)

    def outputs_of(self, y_pred):
        """What `call` returned, as a list: the logits first, then the classifiers'."""
        return list(y_pred) if isinstance(y_pred, (list, tuple)) else [y_pred]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "auxiliary": self.auxiliary,
            "stem": self.stem,
            "width": self.width,
            "dropout_rate": self.dropout_rate,
            "auxiliary_dropout_rate": self.auxiliary_dropout_rate,
        }
