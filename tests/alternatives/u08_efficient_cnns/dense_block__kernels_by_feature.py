"""DenseBlock that never concatenates inside: a 1×1 kernel is cut up instead."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D


class Mix(keras.Layer):
    """A 1×1 convolution of several images at once, each with its rows of the kernel."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, input_shape):
        shape = (1, 1, input_shape[-1], self.filters)
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer="he_normal"
        )

    def call(self, images):
        total, first = 0, 0
        for image in images:
            last = first + image.shape[-1]
            rows = ops.cast(self.kernel, self.compute_dtype)[0, 0, first:last]
            total = total + ops.einsum("bhwc,cf->bhwf", image, rows)
            first = last
        return total


class Step(keras.Layer):
    def __init__(self, growth_rate, **kwargs):
        super().__init__(**kwargs)
        like = {"dtype": self.dtype_policy}
        self.k = growth_rate
        self.before = BatchNormalization(-1, 0.9, 1e-5, **like)
        self.mix = Mix(4 * growth_rate, **like)
        self.between = BatchNormalization(-1, 0.9, 1e-5, **like)
        self.look = Conv2D(
            growth_rate, 3, use_bias=False, kernel_initializer="he_normal", **like
        )

    def build(self, input_shape):
        self.before.build(input_shape)
        self.mix.build(input_shape)
        for part in (self.between, self.look):
            part.build((None, None, None, 4 * self.k))

    def call(self, images):
        x = self.before(ops.concatenate(images, axis=-1))
        x = ops.maximum(x, ops.zeros_like(x))
        cuts = [image.shape[-1] for image in images[:-1]]
        cuts = [sum(cuts[: n + 1]) for n in range(len(cuts))]
        pieces = ops.split(x, cuts, axis=-1) if cuts else [x]
        x = self.between(self.mix(pieces))
        x = ops.where(x > 0, x, ops.zeros_like(x))
        return self.look(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))))


@keras.saving.register_keras_serializable(package="layerwise")
class DenseBlock(keras.Layer):
    def __init__(self, num_layers, growth_rate=32, **kwargs):
        super().__init__(**kwargs)
        if not all(type(n) is int and n > 0 for n in (num_layers, growth_rate)):
            raise ValueError(f"({num_layers}, {growth_rate})")
        self.num_layers, self.growth_rate = num_layers, growth_rate
        self.ladder = [Step(growth_rate, dtype=self.dtype_policy)]
        while len(self.ladder) < num_layers:
            self.ladder.append(Step(growth_rate, dtype=self.dtype_policy))

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError("unknown channels")
        for number, step in enumerate(self.ladder):
            seen = channels + number * self.growth_rate
            step.build((None, None, None, seen))

    def call(self, inputs):
        images = [inputs]
        for step in self.ladder:
            images.append(step(images))
        return ops.concatenate(images, axis=-1)

    def compute_output_shape(self, input_shape):
        new = self.num_layers * self.growth_rate
        return (*input_shape[:-1], input_shape[-1] + new)

    def get_config(self):
        config = super().get_config()
        config.update(num_layers=self.num_layers, growth_rate=self.growth_rate)
        return config


@keras.saving.register_keras_serializable(package="layerwise")
class TransitionBlock(keras.Layer):
    def __init__(self, compression=0.5, **kwargs):
        super().__init__(**kwargs)
        try:
            ok = 0 < compression <= 1
        except TypeError as error:
            raise ValueError("not a number") from error
        if not ok:
            raise ValueError(f"compression {compression}")
        self.compression = compression

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None or self.compression * channels < 1:
            raise ValueError(f"{channels} channels")
        like = {"dtype": self.dtype_policy}
        self.settle = BatchNormalization(-1, 0.9, 1e-5, **like)
        self.settle.build((None, None, None, channels))
        self.mix = Mix(int(self.compression * channels), **like)
        self.mix.build((None, None, None, channels))

    def call(self, inputs):
        x = self.settle(inputs)
        x = self.mix([ops.where(x > 0, x, ops.zeros_like(x))])
        height, width = x.shape[1] - x.shape[1] % 2, x.shape[2] - x.shape[2] % 2
        corners = [
            x[:, row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)
        ]
        return sum(corners) / 4

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        left = int(self.compression * channels)
        return (batch, height and height // 2, width and width // 2, left)

    def get_config(self):
        return super().get_config() | {"compression": self.compression}
