"""LeNet5 that pools with a built part, times four, and convolves C3 in one loop."""

import keras
from keras import ops

from course.bitmaps import digits
from course.parts import AveragePooling2D, Conv2D, Dense

ROWS = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
""".split()


@keras.saving.register_keras_serializable(package="layerwise")
class LeNet5(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.c1 = self.convolution(6)
        self.s2 = Scale(dtype=self.dtype_policy)
        self.c3 = [self.convolution(1) for _ in range(16)]
        self.s4 = Scale(dtype=self.dtype_policy)
        self.c5 = self.convolution(120)
        self.f6 = Dense(84, activation=self.f, dtype=self.dtype_policy)
        self.pool = AveragePooling2D(2, dtype=self.dtype_policy)
        self.codes = Codes(dtype=self.dtype_policy)

    def convolution(self, maps):
        return Conv2D(maps, 5, activation=self.f, dtype=self.dtype_policy)

    @staticmethod
    def f(a):
        return ops.tanh(a / 1.5) * 1.7159

    def build(self, input_shape):
        for layer, shape in (
            (self.c1, (None, 32, 32, 1)),
            (self.s2, (None, 14, 14, 6)),
            (self.s4, (None, 5, 5, 16)),
            (self.c5, (None, 5, 5, 16)),
            (self.f6, (None, 120)),
        ):
            layer.build(shape)
        for m, layer in enumerate(self.c3):
            layer.build((None, 14, 14, sum(row[m] == "X" for row in ROWS)))
        self.codes.build()

    def call(self, inputs):
        if tuple(inputs.shape[1:]) != (32, 32, 1):
            raise ValueError(f"not {inputs.shape}")
        x = self.f(self.s2(4 * self.pool(self.c1(inputs))))
        columns = ([k for k in range(6) if ROWS[k][m] == "X"] for m in range(16))
        maps = [
            layer(ops.stack([x[:, :, :, k] for k in column], axis=3))[..., 0]
            for layer, column in zip(self.c3, columns, strict=True)
        ]
        x = self.f(self.s4(4 * self.pool(ops.stack(maps, axis=-1))))
        x = self.f6(ops.mean(self.c5(x), axis=(1, 2)))
        return self.codes(x)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:1], 10)


class Scale(keras.Layer):
    def build(self, input_shape):
        quarter = keras.initializers.Constant(0.25)
        self.coefficient = self.add_weight(shape=input_shape[-1:], initializer=quarter)
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros")

    def call(self, x):
        return x * self.coefficient + self.bias


class Codes(keras.Layer):
    def build(self, input_shape=None):
        self.w = self.add_weight(
            shape=(10, 84),
            initializer=lambda shape, dtype: ops.cast(
                ops.reshape(digits() * 2.0 - 1.0, shape), dtype
            ),
            trainable=False,
        )

    def call(self, x):
        return ops.sum(-ops.power(x[:, None] - self.w, 2), axis=2)
