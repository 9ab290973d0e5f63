"""Very deep networks of small filters (Simonyan & Zisserman, 2015)."""

import keras

from course.parts import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

# Table 1, columns A, B, D and E: how many convolutions each of the five stages has.
CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


@keras.saving.register_keras_serializable(package="layerwise")
class VGG(keras.Model):
    """Nothing but 3×3 convolutions and 2×2 poolings, and three layers that decide.

    Five stages. Each is a run of convolutions of 3×3 with `same` padding and relu, as
    many as `CONVOLUTIONS[depth]` says, and then one max pooling of 2×2, which halves
    height and width (rounded down):

        | stage   | 1       | 2           | 3           | 4           | 5           |
        |---------|---------|-------------|-------------|-------------|-------------|
        | filters | `width` | 2 · `width` | 4 · `width` | 8 · `width` | 8 · `width` |

    What is left of the image is flattened, row by row, and goes through

        Dense: `units`, relu, then Dropout: `dropout_rate`
        Dense: `units`, relu, then Dropout: `dropout_rate`
        Dense: `num_classes`, no activation: the outputs are logits

    The depth counts the layers with a kernel: VGG-16 has 13 convolutions and 3 Dense
    layers. All kernels but the last start as `he_normal`, so that the signal is as
    strong behind the last stage as before the first.

    Parameters, `width` being 64:

        |        | 224×224×3, 1000 classes | 32×32×3, 100 classes, `units` 512 |
        |--------|------------------------:|----------------------------------:|
        | VGG-11 |             132,863,336 |                         9,797,092 |
        | VGG-13 |             133,047,848 |                         9,981,604 |
        | VGG-16 |             138,357,544 |                        15,291,300 |
        | VGG-19 |             143,667,240 |                        20,600,996 |

    The column on the right is the network for CIFAR-100: after five poolings of a
    32×32 image one pixel is left, with 512 numbers, and there is no use for 4096 units.

    Weights, in this order: kernel and bias of each convolution, of the two hidden
    layers, of the last layer.

    Args:
        depth: 11, 13, 16 or 19.
        num_classes: How many logits.
        units: Width of the two hidden layers.
        dropout_rate: Share of each hidden layer that is dropped in training.
        width: How many filters the first stage has.
        **kwargs: What every Keras model takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; H and W at least 32.
    Output shape: `(B, num_classes)`.

    Raises:
        ValueError: For a depth that isn't listed, if `num_classes`, `units` or `width`
            is no positive integer, and for images that are too small.

    Reference: https://arxiv.org/abs/1409.1556, table 1 and section 2. Its columns with
    a local response normalization (A-LRN) and with 1×1 convolutions (C) are not these.
    """

    def __init__(
        self,
        depth,
        num_classes=1000,
        units=4096,
        dropout_rate=0.5,
        width=64,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if depth not in CONVOLUTIONS:
            raise ValueError(
                f"depth must be one of {list(CONVOLUTIONS)}; got {depth!r}."
            )
        if any(type(n) is not int or n < 1 for n in (num_classes, units, width)):
            raise ValueError(
                f"num_classes={num_classes!r}, units={units!r} and width={width!r} must "
                "be positive integers."
            )
        self.depth, self.num_classes, self.units = depth, num_classes, units
        self.dropout_rate, self.width = dropout_rate, width
        dtype = self.dtype_policy
        ### BEGIN SOLUTION all layers from the image to the logits, each with this dtype
        begins = {"activation": "relu", "kernel_initializer": "he_normal"}
        self.steps = []
        for stage, count in enumerate(CONVOLUTIONS[depth]):
            filters = width * min(2**stage, 8)
            for _ in range(count):
                convolution = Conv2D(filters, 3, padding="same", dtype=dtype, **begins)
                self.steps.append(convolution)
            self.steps.append(MaxPooling2D(2, dtype=dtype))
        self.steps.append(Flatten(dtype=dtype))
        for _ in range(2):
            self.steps.append(Dense(units, dtype=dtype, **begins))
            self.steps.append(Dropout(dropout_rate, dtype=dtype))
        self.steps.append(Dense(num_classes, dtype=dtype))
        ### END SOLUTION

    def build(self, input_shape):
        height, width = input_shape[1:3]
        if height is None or width is None or min(height, width) < 32:
            raise ValueError(
                "Five poolings need images of a known size, at least 32×32; got input "
                f"shape {tuple(input_shape)}."
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
            "depth": self.depth,
            "num_classes": self.num_classes,
            "units": self.units,
            "dropout_rate": self.dropout_rate,
            "width": self.width,
        }


def VGG16(num_classes=1000, units=4096, dropout_rate=0.5, width=64, **kwargs):
    """`VGG` of depth 16."""
    ### BEGIN SOLUTION a VGG
    return VGG(16, num_classes, units, dropout_rate, width, **kwargs)
    ### END SOLUTION
