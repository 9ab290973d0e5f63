"""The Inception block and the auxiliary classifier (Szegedy et al., 2015)."""

import keras
from keras import ops

from course.parts import AveragePooling2D, Conv2D, Dense, Dropout, Flatten, MaxPooling2D


@keras.saving.register_keras_serializable(package="layerwise")
class InceptionBlock(keras.Layer):
    """Looks at its input in four ways at once and puts the answers side by side.

        y = [ conv1(x),
              conv3(reduce3(x)),
              conv5(reduce5(x)),
              projection(pool(x)) ]          joined along the channels, in this order

    |            | window | channels it makes |
    |------------|--------|------------------|
    | conv1      | 1×1    | `filters_1x1`    |
    | reduce3    | 1×1    | `reduce_3x3`     |
    | conv3      | 3×3    | `filters_3x3`    |
    | reduce5    | 1×1    | `reduce_5x5`     |
    | conv5      | 5×5    | `filters_5x5`    |
    | pool       | 3×3    | as many as come  |
    | projection | 1×1    | `pool_projection`|

    `pool` takes the maximum. Everything has stride 1 and `same` padding, so that the
    four branches have the height and width of the input. Every convolution has a bias,
    a kernel that starts as `he_normal`, and relu behind it, those that reduce included.

    Weights, in this order, each a kernel and a bias: conv1, reduce3, conv3, reduce5,
    conv5, projection.

    Args:
        filters_1x1: "#1×1" in table 1.
        reduce_3x3: "#3×3 reduce".
        filters_3x3: "#3×3".
        reduce_5x5: "#5×5 reduce".
        filters_5x5: "#5×5".
        pool_projection: "pool proj".
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H, W, filters_1x1 + filters_3x3 + filters_5x5 + pool_projection)`.

    Raises:
        ValueError: If one of the six is no positive integer, and when built on an input
            whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1409.4842, section 4 and figure 2b.
    """

    def __init__(
        self,
        filters_1x1,
        reduce_3x3,
        filters_3x3,
        reduce_5x5,
        filters_5x5,
        pool_projection,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters_1x1, self.pool_projection = filters_1x1, pool_projection
        self.reduce_3x3, self.filters_3x3 = reduce_3x3, filters_3x3
        self.reduce_5x5, self.filters_5x5 = reduce_5x5, filters_5x5
        for name, size in self.sizes().items():
            if type(size) is not int or size < 1:
                raise ValueError(f"{name} must be a positive integer; got {size!r}.")
        raise NotImplementedError(
            "The six convolutions and the pooling, in the order of the table."
        )

    def convolution(self, filters, kernel_size):
        """One of the block's convolutions, with the relu behind it."""
        raise NotImplementedError(
            "A Conv2D with relu, `same` padding and a he_normal kernel."
        )

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        raise NotImplementedError(
            "Build each convolution on the channels that reach it."
        )

    def call(self, inputs):
        raise NotImplementedError("The four branches, joined along the channels.")

    def compute_output_shape(self, input_shape):
        joined = self.filters_1x1 + self.filters_3x3 + self.filters_5x5
        return (*input_shape[:-1], joined + self.pool_projection)

    def sizes(self):
        """The six arguments by name, in the order of table 1."""
        return {
            "filters_1x1": self.filters_1x1,
            "reduce_3x3": self.reduce_3x3,
            "filters_3x3": self.filters_3x3,
            "reduce_5x5": self.reduce_5x5,
            "filters_5x5": self.filters_5x5,
            "pool_projection": self.pool_projection,
        }

    def get_config(self):
        return {**super().get_config(), **self.sizes()}


@keras.saving.register_keras_serializable(package="layerwise")
class AuxiliaryClassifier(keras.Layer):
    """A small network that guesses the class from the middle of a large one.

        AveragePooling2D   window 5×5, stride 3, `valid`
        Conv2D             1×1, `filters`, relu
        Flatten            row by row
        Dense              `units`, relu
        Dropout            `dropout_rate`
        Dense              `num_classes`, no activation: the outputs are logits

    In training it brings gradients to the layers below it, by a shorter way than the
    one through all that lie above; at inference nobody asks it (section 5).

    Both kernels with a relu behind them start as `he_normal`.

    Weights, in this order, each a kernel and a bias: the convolution, the hidden layer,
    the last layer. For 14×14×512 and 1000 classes they are 3,188,840 numbers.

    Args:
        num_classes: How many logits.
        filters: How many channels are left of what comes in.
        units: Width of the hidden layer.
        dropout_rate: Share of the hidden layer that is dropped in training.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point, H and W at least 5; B may be unknown.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: If `num_classes`, `filters` or `units` is no positive integer, and
            when built on images of unknown size or smaller than 5×5.

    Reference: https://arxiv.org/abs/1409.4842, section 5.
    """

    def __init__(
        self, num_classes, filters=128, units=1024, dropout_rate=0.7, **kwargs
    ):
        super().__init__(**kwargs)
        if any(type(n) is not int or n < 1 for n in (num_classes, filters, units)):
            raise ValueError(
                f"num_classes={num_classes!r}, filters={filters!r} and units={units!r} "
                "must be positive integers."
            )
        self.num_classes, self.filters = num_classes, filters
        self.units, self.dropout_rate = units, dropout_rate
        dtype = self.dtype_policy
        raise NotImplementedError(
            "Six layers, from the image to the logits, with this dtype."
        )

    def build(self, input_shape):
        if None in input_shape[1:] or min(input_shape[1:3]) < 5:
            raise ValueError(
                "The classifier's 5×5 pooling and its Dense layers need images of a "
                f"known size, at least 5×5; got input shape {tuple(input_shape)}."
            )
        raise NotImplementedError(
            "Build each layer on the shape that the one before it gives."
        )

    def call(self, inputs):
        raise NotImplementedError("Hand the images from layer to layer.")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "filters": self.filters,
            "units": self.units,
            "dropout_rate": self.dropout_rate,
        }
