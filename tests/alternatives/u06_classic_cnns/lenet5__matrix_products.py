"""LeNet5 whose subsampling is a reshape and a sum, and whose codes are a product."""

import keras
import numpy as np
from keras import ops

from course import bitmaps
from course.parts import Conv2D, Dense

# for each map of C3 the maps of S2 that it sees, read off Table I
SEEN = [
    *[[k % 6, (k + 1) % 6, (k + 2) % 6] for k in range(6)],
    *[[(k + n) % 6 for n in range(4)] for k in range(6)],
    *[[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], list(range(6))],
]
SEEN = [sorted(maps) for maps in SEEN]


def f(a):
    return ops.multiply(ops.tanh(ops.multiply(a, 2.0 / 3.0)), 1.7159)


class Subsampling(keras.Layer):
    def build(self, input_shape):
        for name, start in (("coefficient", 0.25), ("bias", 0.0)):
            weight = self.add_weight(
                name=name,
                shape=(input_shape[-1],),
                initializer=keras.initializers.Constant(start),
            )
            setattr(self, name, weight)

    def call(self, x):
        _, height, width, maps = x.shape
        x = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, maps))
        return f(ops.sum(x, axis=(2, 4)) * self.coefficient + self.bias)


class Codes(keras.Layer):
    """−Σ (x − w)² = 2 x·w − Σ x² − Σ w²"""

    def build(self, input_shape):
        drawn = np.where(bitmaps.digits().reshape(10, -1) > 0, 1.0, -1.0)
        self.codes = self.add_weight(
            name="codes",
            shape=drawn.shape,
            initializer=keras.initializers.Constant(drawn),
            trainable=False,
        )

    def call(self, x):
        products = ops.einsum("bj,ij->bi", x, self.codes)
        own = ops.sum(x * x, axis=1, keepdims=True)
        return 2 * products - own - ops.sum(ops.square(self.codes), axis=1)


@keras.saving.register_keras_serializable(package="layerwise")
class LeNet5(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.c1 = Conv2D(6, (5, 5), activation=f, dtype=policy)
        self.s2 = Subsampling(dtype=policy)
        self.c3 = [Conv2D(1, (5, 5), activation=f, dtype=policy) for _ in SEEN]
        self.s4 = Subsampling(dtype=policy)
        self.c5 = Conv2D(120, (5, 5), activation=f, dtype=policy)
        self.f6 = Dense(84, activation=f, dtype=policy)
        self.output_codes = Codes(dtype=policy)

    def build(self, input_shape):
        self.c1.build((None, 32, 32, 1))
        self.s2.build((None, 28, 28, 6))
        for maps, layer in zip(SEEN, self.c3, strict=True):
            layer.build((None, 14, 14, len(maps)))
        self.s4.build((None, 10, 10, 16))
        self.c5.build((None, 5, 5, 16))
        self.f6.build((None, 120))
        self.output_codes.build((None, 84))

    def call(self, images):
        if list(images.shape)[1:] != [32, 32, 1]:
            raise ValueError(f"images of {images.shape}")
        s2 = self.s2(self.c1(images))
        planes = ops.unstack(s2, 6, axis=-1)
        c3 = [
            layer(ops.stack([planes[k] for k in maps], axis=-1))
            for maps, layer in zip(SEEN, self.c3, strict=True)
        ]
        s4 = self.s4(ops.concatenate(c3, axis=-1))
        c5 = ops.squeeze(self.c5(s4), axis=(1, 2))
        return self.output_codes(self.f6(c5))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 10)
