"""The block as four paths of layers, the classifier with an attribute a step; it talks."""

import keras
from keras import ops

from course import parts

NAMES = (
    "filters_1x1",
    "reduce_3x3",
    "filters_3x3",
    "reduce_5x5",
    "filters_5x5",
    "pool_projection",
)


@keras.saving.register_keras_serializable(package="layerwise")
class InceptionBlock(keras.layers.Layer):
    def __init__(self, *sizes, name=None, **kwargs):
        given = {key: kwargs.pop(key) for key in NAMES if key in kwargs}
        super().__init__(name=name, **kwargs)
        given.update(zip(NAMES, sizes, strict=False))
        for key in NAMES:
            if not isinstance(given[key], int) or given[key] <= 0:
                raise ValueError(f"{key} is {given[key]}")
            setattr(self, key, given[key])
        c1, r3, c3, r5, c5, projected = (given[key] for key in NAMES)
        pool = parts.MaxPooling2D(
            (3, 3), strides=(1, 1), padding="SAME", dtype=self.dtype_policy
        )
        self.paths = [
            [self.look(c1, 1)],
            [self.look(r3, 1), self.look(c3, 3)],
            [self.look(r5, 1), self.look(c5, 5)],
            [pool, self.look(projected, 1)],
        ]

    def look(self, filters, size):
        return parts.Conv2D(
            filters,
            (size, size),
            padding="same",
            kernel_initializer=keras.initializers.HeNormal(),
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        print("building on", input_shape)
        if input_shape[-1] is None:
            raise ValueError("how many channels?")
        for path in self.paths:
            shape = (None, None, None, input_shape[-1])
            for layer in path:
                layer.build(shape)
                shape = (*shape[:-1], getattr(layer, "filters", shape[-1]))

    def call(self, inputs):
        print("called on", inputs.shape)
        ends = []
        for path in self.paths:
            x = inputs
            for layer in path:
                x = layer(x)
                if hasattr(layer, "filters"):
                    x = keras.activations.relu(x)
            ends.append(x)
        return ops.concatenate(ends, axis=3)

    def compute_output_shape(self, input_shape):
        joined = sum(path[-1].filters for path in self.paths)
        return tuple(input_shape[:3]) + (joined,)

    def get_config(self):
        return super().get_config() | {key: getattr(self, key) for key in NAMES}


@keras.saving.register_keras_serializable(package="layerwise")
class AuxiliaryClassifier(keras.layers.Layer):
    def __init__(
        self, num_classes, filters=128, units=1024, dropout_rate=0.7, **kwargs
    ):
        super().__init__(**kwargs)
        if not all(isinstance(n, int) and n > 0 for n in (num_classes, filters, units)):
            raise ValueError(f"({num_classes}, {filters}, {units})")
        self.num_classes, self.filters, self.units = num_classes, filters, units
        self.dropout_rate = dropout_rate
        self.smaller = parts.AveragePooling2D((5, 5), (3, 3), dtype=self.dtype_policy)
        self.thinner = parts.Conv2D(
            filters, 1, kernel_initializer="he_normal", dtype=self.dtype_policy
        )
        self.hidden = parts.Dense(
            units, kernel_initializer="he_normal", dtype=self.dtype_policy
        )
        self.drop = parts.Dropout(dropout_rate, dtype=self.dtype_policy)
        self.decide = parts.Dense(num_classes, dtype=self.dtype_policy)

    def build(self, input_shape):
        places = 1
        for size in input_shape[1:3]:
            if size is None or size < 5:
                raise ValueError(f"too small or unknown: {input_shape}")
            places *= (size - 2) // 3
        self.thinner.build((None, None, None, input_shape[-1]))
        self.hidden.build((None, places * self.filters))
        self.decide.build((None, self.units))

    def call(self, inputs, training=False):
        x = ops.maximum(self.thinner(self.smaller(inputs)), 0)
        print("left:", x.shape)
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * self.filters))
        x = self.drop(ops.maximum(self.hidden(x), 0), training=training)
        return self.decide(x)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.num_classes

    def get_config(self):
        names = ("num_classes", "filters", "units", "dropout_rate")
        return super().get_config() | {name: getattr(self, name) for name in names}
