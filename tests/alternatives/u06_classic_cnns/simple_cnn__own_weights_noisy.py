"""SimpleCNN whose Dense layers are einsums in float64, whose dropout is a comparison."""

import keras
from keras import ops

from course.parts import Conv2D, MaxPooling2D


@keras.saving.register_keras_serializable(package="layerwise")
class SimpleCNN(keras.Model):
    def __init__(
        self, filters=(32, 64), units=128, num_classes=10, dropout_rate=0.5, **kwargs
    ):
        super().__init__(**kwargs)
        if not filters or any(size < 1 for size in (*filters, units, num_classes)):
            raise ValueError(f"no network has sizes {filters}, {units}, {num_classes}")
        self.filters, self.units = filters, units
        self.num_classes, self.dropout_rate = num_classes, dropout_rate
        self.convolutions = [
            Conv2D(n, 3, padding="same", dtype=self.dtype_policy) for n in filters
        ]
        self.pool = MaxPooling2D(dtype=self.dtype_policy)  # has no weights: one for all
        self.hidden = Affine(units, dtype=self.dtype_policy)
        self.last = Affine(num_classes, dtype=self.dtype_policy)
        self.seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        print("building for", input_shape)
        _, height, width, channels = input_shape
        for convolution in self.convolutions:
            convolution.build((None, height, width, channels))
            height, width, channels = height // 2, width // 2, convolution.filters
        self.hidden.build((None, height * width * channels))
        self.last.build((None, self.units))

    def call(self, inputs, training=None):
        x = inputs
        for convolution in self.convolutions:
            x = self.pool(ops.where(convolution(x) > 0, convolution(x), 0))
        size = x.shape[1] * x.shape[2] * x.shape[3]
        x = self.hidden(ops.reshape(x, (ops.shape(x)[0], size)))
        x = (x + ops.abs(x)) / 2
        if training:
            draws = keras.random.uniform(ops.shape(x), seed=self.seeds)
            x = x * ops.cast(draws >= self.dropout_rate, x.dtype)
            x = x / (1 - self.dropout_rate)
        return self.last(x)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        names = ("filters", "units", "num_classes", "dropout_rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class Affine(keras.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units))
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        wide = (ops.cast(value, "float64") for value in (x, self.kernel, self.bias))
        rows, kernel, bias = wide
        return ops.cast(ops.einsum("bi,iu->bu", rows, kernel) + bias, x.dtype)
