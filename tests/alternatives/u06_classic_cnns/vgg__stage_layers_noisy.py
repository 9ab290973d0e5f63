"""VGG with the stage as a layer and a dropout of its own; it prints."""

from functools import partial

import keras
from keras import ops

from course.parts import Conv2D, Dense, MaxPooling2D


class Stage(keras.Layer):
    def __init__(self, count, filters, **kwargs):
        super().__init__(**kwargs)
        like = {"dtype": self.dtype_policy, "activation": ops.relu}
        self.looks = [
            Conv2D(filters, 3, 1, "same", kernel_initializer="he_uniform", **like)
            for _ in range(count)
        ]
        self.pool = MaxPooling2D(dtype=self.dtype_policy)

    def build(self, input_shape):
        seen = input_shape[-1]
        for look in self.looks:
            look.build((None, None, None, seen))
            seen = look.filters

    def call(self, x):
        for look in self.looks:
            x = look(x)
        print("stage gives", x.shape)
        return self.pool(x)


@keras.saving.register_keras_serializable(package="layerwise")
class VGG(keras.Model):
    def __init__(
        self, depth, num_classes=1000, units=4096, dropout_rate=0.5, width=64, **kwargs
    ):
        super().__init__(**kwargs)
        counts = {11: (1, 1, 2), 13: (2, 2, 2), 16: (2, 2, 3), 19: (2, 2, 4)}
        if depth not in counts or min(num_classes, units, width) <= 0:
            raise ValueError(f"{depth}, {num_classes}, {units}, {width}")
        self.own = {
            "depth": depth,
            "num_classes": num_classes,
            "units": units,
            "dropout_rate": dropout_rate,
            "width": width,
        }
        for name, value in self.own.items():
            setattr(self, name, value)
        like = {"dtype": self.dtype_policy}
        wide = {"activation": "relu", "kernel_initializer": "he_normal", **like}
        runs = (*counts[depth], counts[depth][2], counts[depth][2])
        self.stages = [
            Stage(count, width * factor, **like)
            for count, factor in zip(runs, (1, 2, 4, 8, 8), strict=True)
        ]
        self.hidden = [Dense(units, **wide) for _ in range(2)]
        self.answer = Dense(num_classes, **like)
        self.seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        _, height, breadth, seen = input_shape
        if not height or not breadth or height // 32 < 1 or breadth // 32 < 1:
            raise ValueError(f"{height}×{breadth} is less than 32×32")
        for stage, factor in zip(self.stages, (1, 2, 4, 8, 8), strict=True):
            stage.build((None, None, None, seen))
            seen = self.width * factor
        self.hidden[0].build((None, (height // 32) * (breadth // 32) * seen))
        self.hidden[1].build((None, self.units))
        self.answer.build((None, self.units))

    def call(self, inputs, training=None):
        x = inputs
        for stage in self.stages:
            x = stage(x)
        x = ops.reshape(x, (ops.shape(x)[0], self.hidden[0].kernel.shape[0]))
        for hidden in self.hidden:
            x = self.drop(hidden(x)) if training else hidden(x)
        return self.answer(x)

    def drop(self, x):
        draws = keras.random.uniform(ops.shape(x), seed=self.seeds)
        kept = ops.cast(draws >= self.dropout_rate, x.dtype)
        return x * kept / (1 - self.dropout_rate)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {**super().get_config(), **self.own}


VGG16 = partial(VGG, 16)
