"""A small convolutional network, as one builds it today (after LeCun et al., 1998)."""

import keras

from course.parts import Conv2D, Dense, Dropout, Flatten, MaxPooling2D


@keras.saving.register_keras_serializable(package="layerwise")
class SimpleCNN(keras.Model):
    """Looks for small patterns, then for patterns of patterns, then decides.

    For each number F in `filters`, one stage, which halves height and width
    (rounded down):

        Conv2D: F filters 3×3, `same` padding, relu     (B, H, W, C) → (B, H, W, F)
        MaxPooling2D: 2×2                               → (B, H // 2, W // 2, F)

    What is left of the image is flattened, row by row, and goes through

        Dense: `units`, relu                            → (B, units)
        Dropout: `dropout_rate`                         → (B, units)
        Dense: `num_classes`, no activation             → (B, num_classes)

    The result is logits: the softmax belongs to the loss,
    `SparseCategoricalCrossentropy(from_logits=True)`. Keras hands `training` on to the
    dropout by itself.

    Parameters, with all arguments left at their defaults:

        | images              | stages | hidden  | output | all     |
        |---------------------|-------:|--------:|-------:|--------:|
        | 8×8×1 (digits)      | 18,816 |  32,896 |  1,290 |  53,002 |
        | 28×28×1 (MNIST)     | 18,816 | 401,536 |  1,290 | 421,642 |
        | 32×32×3 (CIFAR-10)  | 19,392 | 524,416 |  1,290 | 545,098 |

    Weights, in this order: kernel and bias of each stage's convolution, of the hidden
    layer, of the output layer.

    Args:
        filters: How many filters each stage has; as many stages as numbers.
        units: Width of the hidden layer.
        num_classes: How many logits.
        dropout_rate: Share of the hidden layer that is dropped in training.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; H and W at least 2 to the power of the
        number of stages.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: If there is no stage, or a number of filters, units or classes is
            not positive.

    Reference: https://doi.org/10.1109/5.726791, section II, for the plan: convolution
    and subsampling in turn, ever more maps of ever smaller size.
    """

    def __init__(
        self, filters=(32, 64), units=128, num_classes=10, dropout_rate=0.5, **kwargs
    ):
        super().__init__(**kwargs)
        if not filters or min(*filters, units, num_classes) < 1:
            raise ValueError(
                "There must be at least one stage, and filters, units and classes must "
                f"be positive; got filters={filters}, units={units}, "
                f"num_classes={num_classes}."
            )
        self.filters, self.units = tuple(filters), units
        self.num_classes, self.dropout_rate = num_classes, dropout_rate
        dtype = self.dtype_policy
        ### BEGIN SOLUTION all layers from the image to the logits, each with this dtype
        self.steps = []
        for count in self.filters:
            self.steps += [
                Conv2D(count, 3, padding="same", activation="relu", dtype=dtype),
                MaxPooling2D(2, dtype=dtype),
            ]
        self.steps += [
            Flatten(dtype=dtype),
            Dense(units, activation="relu", dtype=dtype),
            Dropout(dropout_rate, dtype=dtype),
            Dense(num_classes, dtype=dtype),
        ]
        ### END SOLUTION

    def build(self, input_shape):
        ### BEGIN SOLUTION build each layer on the shape that the one before it gives
        shape = input_shape
        for step in self.steps:
            step.build(shape)
            shape = step.compute_output_shape(shape)
        ### END SOLUTION

    def call(self, inputs, training=False):
        # `fit` says `training` only to a model that takes it; Keras tells its layers.
        ### BEGIN SOLUTION hand the images from layer to layer
        x = inputs
        for step in self.steps:
            x = step(x)
        return x
        ### END SOLUTION

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "units": self.units,
            "num_classes": self.num_classes,
            "dropout_rate": self.dropout_rate,
        }
