"""Dense blocks and what lies between them (Huang, Liu, van der Maaten et al., 2017)."""

import keras
from keras import ops

from course.parts import AveragePooling2D, BatchNormalization, Conv2D


class DenseLayer(keras.Layer):
    """Makes k new channels of all that are there: a bottleneck layer of section 3.

        H(x) = conv2(relu(norm2(conv1(relu(norm1(x))))))

    |       | kernel | filters |
    |-------|--------|---------|
    | conv1 | 1×1    | 4 · k   |
    | conv2 | 3×3    | k       |

    Here a normalization comes *before* its convolution. conv2 has `same` padding, so
    that height and width stay. No convolution has a bias; every kernel starts as
    `he_normal`; every `BatchNormalization` has momentum 0.9 and epsilon 1e-5.

    Args:
        growth_rate: k.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.
    """

    def __init__(self, growth_rate, **kwargs):
        super().__init__(**kwargs)
        self.growth_rate = growth_rate
        raise NotImplementedError(
            "Norm1, conv1, norm2, conv2, with the dtype self.dtype_policy."
        )

    def build(self, input_shape):
        raise NotImplementedError("Build each layer on the channels that reach it.")

    def call(self, inputs):
        raise NotImplementedError("The formula.")


@keras.saving.register_keras_serializable(package="layerwise")
class DenseBlock(keras.Layer):
    """Layers that each see everything before them, and add k channels to it.

        x_l = H_l([x_0, x_1, …, x_(l−1)])      for l = 1, …, L        (eq. 2)
        y   = [x_0, x_1, …, x_L]

    [ ] concatenates along the channels, the oldest first, and x_0 is the block's input;
    H_l is a `DenseLayer`. Nothing is added up, nothing is thrown away:

        (B, H, W, C) → (B, H, W, C + L · k)

    Weights, in this order: those of H_1, H_2, …; each has norm1, conv1, norm2, conv2. A
    convolution has a kernel, a normalization has gamma, beta, moving mean and moving
    variance. Keras hands `training` on to the normalizations by itself.

    Args:
        num_layers: L.
        growth_rate: k, how many channels each layer makes.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, H, W, C + L · k)`.

    Raises:
        ValueError: If `num_layers` or `growth_rate` is no positive integer, and when
            built on an input whose number of channels is unknown.

    Reference: https://arxiv.org/abs/1608.06993, section 3: "Dense connectivity",
    "Composite function", "Growth rate" and "Bottleneck layers"; figure 1.
    """

    def __init__(self, num_layers, growth_rate=32, **kwargs):
        super().__init__(**kwargs)
        if any(type(n) is not int or n < 1 for n in (num_layers, growth_rate)):
            raise ValueError(
                f"num_layers={num_layers!r} and growth_rate={growth_rate!r} must be "
                "positive integers."
            )
        self.num_layers, self.growth_rate = num_layers, growth_rate
        raise NotImplementedError(
            "A list of DenseLayers, with the dtype self.dtype_policy."
        )

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"{self.name} needs a known number of channels; got input shape "
                f"{tuple(input_shape)}."
            )
        raise NotImplementedError("Build each layer on the channels that reach it.")

    def call(self, inputs):
        raise NotImplementedError(
            "What a layer returns goes behind all that it has seen."
        )

    def compute_output_shape(self, input_shape):
        *rest, channels = input_shape
        return (*rest, channels + self.num_layers * self.growth_rate)

    def get_config(self):
        return {
            **super().get_config(),
            "num_layers": self.num_layers,
            "growth_rate": self.growth_rate,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class TransitionBlock(keras.Layer):
    """Fewer channels on a smaller image: what lies between two dense blocks.

        y = pool(conv(relu(norm(x))))

    conv is 1×1 with ⌊θ · C⌋ filters and no bias, its kernel `he_normal`; pool takes the
    mean of each 2×2 pixels, with stride 2 and no padding; the normalization has
    momentum 0.9 and epsilon 1e-5:

        (B, H, W, C) → (B, ⌊H / 2⌋, ⌊W / 2⌋, ⌊θ · C⌋)

    Weights, in this order: norm, conv.

    Args:
        compression: θ, above 0 and at most 1.
        **kwargs: What every Keras layer takes. Its `dtype` is that of all layers.

    Input shape: `(B, H, W, C)`, floating point; B, H and W may be unknown.
    Output shape: `(B, ⌊H / 2⌋, ⌊W / 2⌋, ⌊θ · C⌋)`.

    Raises:
        ValueError: If θ isn't a number in its range, and when built on an input whose
            number of channels is unknown, or of which θ leaves none.

    Reference: https://arxiv.org/abs/1608.06993, section 3: "Pooling layers" and
    "Compression".
    """

    def __init__(self, compression=0.5, **kwargs):
        super().__init__(**kwargs)
        if type(compression) not in (int, float) or not 0 < compression <= 1:
            raise ValueError(f"compression must be in (0, 1]; got {compression!r}.")
        self.compression = compression
        raise NotImplementedError("Norm and pool, with the dtype self.dtype_policy.")

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None or int(self.compression * channels) < 1:
            raise ValueError(
                f"{self.name} needs a known number of channels, of which compression "
                f"{self.compression} leaves one at least; got input shape "
                f"{tuple(input_shape)}."
            )
        raise NotImplementedError(
            "Conv, whose filters depend on the channels; build it and norm."
        )

    def call(self, inputs):
        raise NotImplementedError("The formula.")

    def compute_output_shape(self, input_shape):
        batch, *image, channels = input_shape
        height, width = (n if n is None else n // 2 for n in image)
        return (batch, height, width, int(self.compression * channels))

    def get_config(self):
        return {**super().get_config(), "compression": self.compression}
