"""DenseNet of stages, each a transition and the block behind it; it talks."""

from functools import partial

import keras
from keras import ops

from course.parts import (
    BatchNormalization,
    Conv2D,
    Dense,
    DenseBlock,
    MaxPooling2D,
    TransitionBlock,
)


class Stem(keras.Layer):
    def __init__(self, channels, large, **kwargs):
        super().__init__(**kwargs)
        like = {"dtype": self.dtype_policy}
        self.channels, self.edge, self.large = channels, 3 if large else 1, large
        self.conv = Conv2D(
            channels,
            2 * self.edge + 1,
            2 if large else 1,
            use_bias=False,
            kernel_initializer="he_normal",
            **like,
        )
        if large:
            self.norm = BatchNormalization(momentum=0.9, epsilon=1e-5, **like)
            self.pool = MaxPooling2D(3, 2, padding="valid", **like)

    def build(self, input_shape):
        self.conv.build((None, None, None, input_shape[-1]))
        if self.large:
            self.norm.build((None, None, None, self.channels))

    def call(self, x):
        edge = (self.edge, self.edge)
        x = self.conv(ops.pad(x, ((0, 0), edge, edge, (0, 0))))
        if self.large:
            x = ops.pad(self.norm(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
            x = self.pool(keras.activations.relu(x))  # relu of a border of 0 is 0
        return x


class Stage(keras.Layer):
    def __init__(self, count, growth_rate, first, **kwargs):
        super().__init__(**kwargs)
        like = {"dtype": self.dtype_policy}
        self.parts = [] if first else [TransitionBlock(0.5, **like)]
        self.parts.append(DenseBlock(count, growth_rate, **like))

    def build(self, input_shape):
        for part in self.parts:
            part.build(input_shape)
            input_shape = part.compute_output_shape(input_shape)
        self.channels = input_shape[-1]

    def call(self, x):
        for part in self.parts:
            x = part(x)
        print("stage gives", x.shape)
        return x


@keras.saving.register_keras_serializable(package="layerwise")
class DenseNet(keras.Model):
    def __init__(
        self, depth, num_classes=1000, stem="imagenet", growth_rate=32, **kwargs
    ):
        super().__init__(**kwargs)
        known = {121: (24, 16), 169: (32, 32), 201: (48, 32)}
        if isinstance(depth, int):
            if depth not in known:
                raise ValueError(f"depth {depth}")
            counts = (6, 12, *known[depth])
        else:
            counts = tuple(depth)
        if not counts or any(n <= 0 for n in (*counts, num_classes, growth_rate)):
            raise ValueError(f"{counts}, {num_classes} and {growth_rate}")
        if stem not in ("imagenet", "cifar"):
            raise ValueError(f"stem {stem}")
        self.depth, self.num_classes = depth, num_classes
        self.stem, self.growth_rate = stem, growth_rate
        like = {"dtype": self.dtype_policy}
        self.begin = Stem(2 * growth_rate, stem == "imagenet", **like)
        self.stages = [
            Stage(count, growth_rate, number == 0, **like)
            for number, count in enumerate(counts)
        ]
        self.norm = BatchNormalization(momentum=0.9, epsilon=1e-5, **like)
        self.end = Dense(num_classes, **like)

    def build(self, input_shape):
        self.begin.build(input_shape)
        seen = 2 * self.growth_rate
        for stage in self.stages:
            stage.build((None, None, None, seen))
            seen = stage.channels
        self.norm.build((None, None, None, seen))
        self.end.build((None, seen))

    def call(self, inputs, training=None):
        x = self.begin(inputs)
        for stage in self.stages:
            x = stage(x)
        x = ops.maximum(self.norm(x), ops.zeros_like(x))
        return self.end(ops.einsum("bhwc->bc", x) / (x.shape[1] * x.shape[2]))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        own = {"depth": self.depth, "num_classes": self.num_classes}
        own |= {"stem": self.stem, "growth_rate": self.growth_rate}
        return {**super().get_config(), **own}


DenseNet121 = partial(DenseNet, 121)
