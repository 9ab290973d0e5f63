"""AlexNet (Krizhevsky, Sutskever & Hinton, 2012), as the paper has it."""

import keras

from course.parts import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LocalResponseNormalization,
    MaxPooling2D,
)


@keras.saving.register_keras_serializable(package="layerwise")
class AlexNet(keras.Model):
    """Five convolutions, three of them with a pooling behind, and three Dense layers.

        |    | layer, with its default size                 | gives     | parameters |
        |----|----------------------------------------------|-----------|-----------:|
        | C1 | convolution 11×11, stride 4, relu            | 96@55×55  |     34,944 |
        |    | response normalization; max pooling          | 96@27×27  |            |
        | C2 | convolution 5×5, 2 groups, relu              | 256@27×27 |    307,456 |
        |    | response normalization; max pooling          | 256@13×13 |            |
        | C3 | convolution 3×3, relu                        | 384@13×13 |    885,120 |
        | C4 | convolution 3×3, 2 groups, relu              | 384@13×13 |    663,936 |
        | C5 | convolution 3×3, 2 groups, relu              | 256@13×13 |    442,624 |
        |    | max pooling; flattened, row by row           | 9216      |            |
        | F6 | Dense, relu, Dropout                         | 4096      | 37,752,832 |
        | F7 | Dense, relu, Dropout                         | 4096      | 16,781,312 |
        | F8 | Dense, no activation: the outputs are logits | 1000      |  4,097,000 |
        |    | all                                          |           | 60,965,224 |

    The images have 227 pixels a side. (The paper says 224, but then its first layer
    would not give the 55×55 places that all its other numbers go with.)

    C1 has no padding; C2 to C5 have `same` padding. All poolings take the largest value
    of windows of 3×3 with stride 2: neighbours overlap in one row or column
    (section 3.4). The response normalization is that of section 3.3,
    with its constants k = 2, n = 5, α = 1e-4, β = 0.75; it comes behind relu.

    Two groups: the first half of the filters sees the first half of the channels only,
    the second half the second. In 2012 each half lived on a graphics processor of its
    own, and C3 was where the two met.

    Kernels start as normal draws with standard deviation 0.01; the biases of C2, C4,
    C5, F6 and F7 start at 1, which puts their relu on the side that learns; all other
    biases at 0 (section 5).

    The `cifar` stem is for images of 28 or 32 pixels: C1 is 5×5 with stride 1 and
    `same` padding. Everything else stays.

    Weights, in this order: kernel and bias of C1 to F8.

    Args:
        num_classes: How many logits.
        stem: `imagenet` or `cifar`: what C1 is like.
        filters: How many filters C1 to C5 have.
        units: Width of F6 and F7.
        dropout_rate: Share of F6 and of F7 that is dropped in training.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; H and W at least 67, or 15 with the
        `cifar` stem.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: For another stem; unless `filters` are five positive even integers;
            if `num_classes` or `units` is no positive integer; and for images that are
            too small.

    Reference: https://papers.nips.cc/paper/4824, figure 2 and sections 3 to 5.
    """

    def __init__(
        self,
        num_classes=1000,
        stem="imagenet",
        filters=(96, 256, 384, 384, 256),
        units=4096,
        dropout_rate=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if stem not in ("imagenet", "cifar"):
            raise ValueError(f"stem must be imagenet or cifar; got {stem!r}.")
        if len(filters) != 5 or any(
            type(n) is not int or n < 1 or n % 2 for n in filters
        ):
            raise ValueError(
                "filters must be five positive even numbers, for two groups; got "
                f"{filters!r}."
            )
        if any(type(n) is not int or n < 1 for n in (num_classes, units)):
            raise ValueError(
                f"num_classes={num_classes!r} and units={units!r} must be positive "
                "integers."
            )
        self.num_classes, self.stem = num_classes, stem
        self.filters, self.units = tuple(filters), units
        self.dropout_rate = dropout_rate
        dtype = self.dtype_policy

        ### BEGIN SOLUTION all layers from the image to the logits, each with this dtype
        def normal():  # a new one for each layer: one alone draws the same numbers again
            return keras.initializers.RandomNormal(stddev=0.01)

        begins = {"activation": "relu", "dtype": dtype}

        def convolution(count, size, padding="same", **settings):
            settings = {**begins, **settings, "kernel_initializer": normal()}
            return Conv2D(count, size, padding=padding, **settings)

        def hidden():
            settings = {**begins, "kernel_initializer": normal()}
            return Dense(units, bias_initializer="ones", **settings)

        c1, c2, c3, c4, c5 = filters
        if stem == "imagenet":
            look = convolution(c1, 11, padding="valid", strides=4)
        else:
            look = convolution(c1, 5)
        self.steps = [
            look,
            LocalResponseNormalization(dtype=dtype),
            MaxPooling2D(3, 2, dtype=dtype),
            convolution(c2, 5, groups=2, bias_initializer="ones"),
            LocalResponseNormalization(dtype=dtype),
            MaxPooling2D(3, 2, dtype=dtype),
            convolution(c3, 3),
            convolution(c4, 3, groups=2, bias_initializer="ones"),
            convolution(c5, 3, groups=2, bias_initializer="ones"),
            MaxPooling2D(3, 2, dtype=dtype),
            Flatten(dtype=dtype),
            hidden(),
            Dropout(dropout_rate, dtype=dtype),
            hidden(),
            Dropout(dropout_rate, dtype=dtype),
            Dense(num_classes, kernel_initializer=normal(), dtype=dtype),
        ]
        ### END SOLUTION

    def build(self, input_shape):
        height, width = input_shape[1:3]
        smallest = 67 if self.stem == "imagenet" else 15
        if height is None or width is None or min(height, width) < smallest:
            raise ValueError(
                f"With the {self.stem} stem, images need a known size of at least "
                f"{smallest}×{smallest}; got input shape {tuple(input_shape)}."
            )
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
            "num_classes": self.num_classes,
            "stem": self.stem,
            "filters": self.filters,
            "units": self.units,
            "dropout_rate": self.dropout_rate,
        }
