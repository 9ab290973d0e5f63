"""LeNet5 that computes in float64, expands the square, and talks while it works."""

import keras
import numpy as np
from keras import ops

from course import bitmaps
from course.parts import Conv2D, Dense

CROSSES = {
    m: [k for k in range(6) if (k - m) % 6 < 3] if m < 6
    else [k for k in range(6) if (k - m) % 6 < 4] if m < 12
    else [k for k in range(6) if (k - m) % 6 in (0, 1, 3, 4)] if m < 15
    else [0, 1, 2, 3, 4, 5]
    for m in range(16)
}  # fmt: skip


class Sub(keras.Layer):
    def build(self, input_shape):
        size = input_shape[-1:]
        self.a = self.add_weight(
            shape=size, initializer=lambda s, dtype: ops.ones(s, dtype) / 4
        )
        self.b = self.add_weight(shape=size, initializer="zeros")

    def call(self, x):
        _, height, width, channels = x.shape
        blocks = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        return squashed(self.a * ops.sum(blocks, axis=(2, 4)) + self.b)


def squashed(a):
    wide = ops.cast(a, "float64") * 2 / 3
    return ops.cast(1.7159 * ops.sinh(ops.clip(wide, -300, 300))
                    / ops.cosh(ops.clip(wide, -300, 300)), a.dtype)  # fmt: skip


class Codes(keras.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(10, 84), initializer=self.draw, trainable=False)

    def draw(self, shape, dtype=None):
        ink = bitmaps.digits().reshape(shape)
        return ops.convert_to_tensor(np.where(ink, 1, -1), dtype=dtype)

    def call(self, x):
        x_wide, w = ops.cast(x, "float64"), ops.cast(self.w, "float64")
        squares = ops.sum(x_wide**2, axis=1, keepdims=True) + ops.sum(w**2, axis=1)
        return ops.cast(squares - 2 * ops.einsum("bj,ij->bi", x_wide, w), x.dtype)


@keras.saving.register_keras_serializable(package="layerwise")
class LeNet5(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        given = {"dtype": self.dtype_policy}
        self.first = [Conv2D(6, 5, **given), Sub(**given)]
        self.sixteen = [Conv2D(1, (5, 5), **given) for _ in CROSSES]
        self.rest = [Sub(**given), Conv2D(120, 5, **given), Dense(84, **given)]
        self.codes = Codes(**given)

    def call(self, inputs):
        print("LeNet-5 is called on", inputs.shape)
        if inputs.ndim != 4 or inputs.shape[1:] != (32, 32, 1):
            raise ValueError("32×32, one channel")
        x = self.first[1](squashed(self.first[0](inputs)))
        planes = [x[..., k : k + 1] for k in range(6)]
        maps = []
        for m, crosses in CROSSES.items():
            seen = ops.concatenate([planes[k] for k in crosses], axis=-1)
            maps.append(squashed(self.sixteen[m](seen)))
        x = self.rest[0](ops.concatenate(maps, axis=-1))
        x = squashed(self.rest[1](x))
        x = squashed(self.rest[2](ops.reshape(x, (-1, 120))))
        return ops.negative(self.codes(x))
