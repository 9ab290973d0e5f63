"""MobileNet with its stages as layers; the last layer is a mean of logits."""

import keras
from keras import ops

from course.parts import BatchNormalization, Conv2D, Dense, DepthwiseSeparableBlock


class Stage(keras.Layer):
    """Blocks of one width; the first one has the stride."""

    def __init__(self, filters, count, strides=2, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [
            DepthwiseSeparableBlock(filters, s, dtype=self.dtype_policy)
            for s in [strides] + (count - 1) * [1]
        ]

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
class MobileNet(keras.Model):
    def __init__(self, alpha=1.0, num_classes=1000, stem="imagenet", **kwargs):
        super().__init__(**kwargs)
        try:
            wide = [int(alpha * 2**k) for k in range(5, 11)]
        except TypeError as error:
            raise ValueError(f"alpha: {alpha!r}") from error
        except ValueError:
            raise
        if min(wide) < 1 or num_classes <= 0 or stem not in ("imagenet", "cifar"):
            raise ValueError(f"{alpha}, {num_classes} and {stem}")
        self.alpha, self.num_classes, self.stem = alpha, num_classes, stem
        like = {"dtype": self.dtype_policy}
        strides = {"imagenet": 2, "cifar": 1}[stem]
        self.conv = Conv2D(
            wide[0], 3, (strides, strides), "same", use_bias=False, **like
        )
        self.norm = BatchNormalization(**like)
        self.stages = [Stage(wide[1], 1, 1, **like)]
        for filters, count in zip(wide[2:], (2, 2, 6, 2), strict=True):
            self.stages.append(Stage(filters, count, **like))
        self.end = Dense(num_classes, **like)

    def build(self, input_shape):
        self.conv.build((None, None, None, input_shape[-1]))
        self.norm.build((None, None, None, self.conv.filters))
        seen = self.conv.filters
        for stage in self.stages:
            stage.build((None, None, None, seen))
            seen = stage.channels
        self.end.build((None, seen))

    def call(self, inputs, training=None):
        x = ops.clip(self.norm(self.conv(inputs)), 0, 6)
        for stage in self.stages:
            x = stage(x)
        batch, height, width, channels = ops.shape(x)
        pixels = ops.reshape(x, (batch * height * width, channels))
        logits = ops.reshape(self.end(pixels), (batch, height * width, -1))
        return ops.mean(logits, axis=1)  # the mean of a linear map: the same

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        own = {"alpha": self.alpha, "num_classes": self.num_classes}
        return {**super().get_config(), **own, "stem": self.stem}
