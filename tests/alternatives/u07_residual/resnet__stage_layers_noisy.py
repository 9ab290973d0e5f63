"""ResNet with the stem and the stage as layers, and partial functions as its sizes."""

from functools import partial

import keras
from keras import ops

from course.parts import (
    BatchNormalization,
    BottleneckBlock,
    Conv2D,
    Dense,
    MaxPooling2D,
    ResidualBlock,
)


class Stem(keras.Layer):
    def __init__(self, width, kind, **kwargs):
        super().__init__(**kwargs)
        size, strides = {"imagenet": (7, 2), "cifar": (3, 1)}[kind]
        like = {"dtype": self.dtype_policy}
        self.edge = size // 2
        self.conv = Conv2D(
            width, size, strides, use_bias=False, kernel_initializer="he_normal", **like
        )
        self.norm = BatchNormalization(momentum=0.9, epsilon=1e-5, **like)
        self.pool = MaxPooling2D(3, 2, **like) if kind == "imagenet" else None

    def build(self, input_shape):
        self.conv.build((None, None, None, input_shape[-1]))
        self.norm.build((None, None, None, self.conv.filters))

    def call(self, x):
        edge = (self.edge, self.edge)
        x = self.norm(self.conv(ops.pad(x, ((0, 0), edge, edge, (0, 0)))))
        x = keras.activations.relu(x)
        if self.pool:
            x = self.pool(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))))
        return x


class Stage(keras.Layer):
    def __init__(self, kind, count, filters, strides, **kwargs):
        super().__init__(**kwargs)
        steps = [strides] + (count - 1) * [1]
        self.blocks = [kind(filters, s, dtype=self.dtype_policy) for s in steps]

    def build(self, input_shape):
        for block in self.blocks:
            block.build(input_shape)
            input_shape = block.compute_output_shape(input_shape)
        self.channels = input_shape[-1]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        print("stage gives", x.shape)
        return x


@keras.saving.register_keras_serializable(package="layerwise")
class ResNet(keras.Model):
    def __init__(self, depth, num_classes=1000, stem="imagenet", width=64, **kwargs):
        super().__init__(**kwargs)
        sizes = {18: (2, 2, 2), 34: (3, 4, 6), 50: (3, 4, 6), 101: (3, 4, 23)}
        if depth not in sizes or stem not in ("imagenet", "cifar"):
            raise ValueError(f"{depth} and {stem}")
        if num_classes <= 0 or width <= 0:
            raise ValueError(f"{num_classes} and {width}")
        self.depth, self.num_classes = depth, num_classes
        self.stem, self.width = stem, width
        like = {"dtype": self.dtype_policy}
        self.begin = Stem(width, stem, **like)
        counts = (*sizes[depth], sizes[depth][0])
        kind = BottleneckBlock if depth > 34 else ResidualBlock
        self.stages = [
            Stage(kind, count, width * 2**k, min(k, 1) + 1, **like)
            for k, count in enumerate(counts)
        ]
        self.end = Dense(num_classes, **like)

    def build(self, input_shape):
        self.begin.build(input_shape)
        seen = self.width
        for stage in self.stages:
            stage.build((None, None, None, seen))
            seen = stage.channels
        self.end.build((None, seen))

    def call(self, inputs, training=None):
        x = self.begin(inputs)
        for stage in self.stages:
            x = stage(x)
        return self.end(ops.einsum("bhwc->bc", x) / (x.shape[1] * x.shape[2]))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        own = {"depth": self.depth, "num_classes": self.num_classes}
        return {**super().get_config(), **own, "stem": self.stem, "width": self.width}


ResNet18 = partial(ResNet, 18)
ResNet50 = partial(ResNet, 50)
