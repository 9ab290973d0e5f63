"""SimpleCNN with the stage as a layer of its own, and `training` handed on by hand."""

import math

import keras
from keras import ops

from course.parts import Conv2D, Dense, Dropout, MaxPooling2D


class Stage(keras.Layer):
    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.look = Conv2D(filters, (3, 3), padding="same", dtype=self.dtype_policy)
        self.shrink = MaxPooling2D((2, 2), strides=2, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.look.build(input_shape)

    def call(self, x):
        return ops.maximum(self.shrink(self.look(x)), 0)  # relu and max may be swapped

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, height // 2, width // 2, self.look.filters)


@keras.saving.register_keras_serializable(package="layerwise")
class SimpleCNN(keras.Model):
    def __init__(
        self, filters=(32, 64), units=128, num_classes=10, dropout_rate=0.5, **kwargs
    ):
        super().__init__(**kwargs)
        if len(filters) == 0 or min([*filters, units, num_classes]) <= 0:
            raise ValueError("every size must be positive")
        self.sizes = {
            "filters": list(filters),
            "units": units,
            "num_classes": num_classes,
        }
        self.dropout_rate = dropout_rate
        for number, count in enumerate(filters):
            setattr(self, f"stage_{number}", Stage(count, dtype=self.dtype_policy))
        self.hidden = Dense(units, activation="relu", dtype=self.dtype_policy)
        self.drop = Dropout(dropout_rate, dtype=self.dtype_policy)
        self.head = Dense(num_classes, dtype=self.dtype_policy)

    def stages(self):
        count = len(self.sizes["filters"])
        return [getattr(self, f"stage_{number}") for number in range(count)]

    def build(self, input_shape):
        for stage in self.stages():
            stage.build(input_shape)
            input_shape = stage.compute_output_shape(input_shape)
        self.hidden.build((None, math.prod(input_shape[1:])))
        self.head.build((None, self.sizes["units"]))

    def call(self, inputs, training=False):
        x = inputs
        for stage in self.stages():
            x = stage(x)
        x = ops.reshape(x, (-1, math.prod(x.shape[1:])))
        return self.head(self.drop(self.hidden(x), training=training))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.sizes["num_classes"])

    def get_config(self):
        config = super().get_config()
        return {**config, **self.sizes, "dropout_rate": self.dropout_rate}
