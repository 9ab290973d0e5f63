"""FCNN with the hidden block as a layer of its own."""

import keras
from keras import ops

from course.parts import BatchNormalization, Dense, Dropout


class HiddenBlock(keras.Layer):
    def __init__(self, width, rate, **kwargs):
        super().__init__(**kwargs)
        self.dense = Dense(width, use_bias=False, dtype=self.dtype_policy)
        self.normalize = BatchNormalization(momentum=0.9, dtype=self.dtype_policy)
        self.drop = Dropout(rate, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.normalize.build(self.compute_output_shape(input_shape))

    def call(self, x, training=False):
        x = self.normalize(self.dense(x), training=training)
        return self.drop(keras.activations.relu(x), training=training)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.dense.units)


@keras.saving.register_keras_serializable(package="layerwise")
class FCNN(keras.Model):
    def __init__(self, units, num_classes, dropout_rate, **kwargs):
        super().__init__(**kwargs)
        if min(*units, num_classes, 1) < 1:
            raise ValueError("every width is positive")
        self.units, self.num_classes = units, num_classes
        self.dropout_rate = dropout_rate
        self.blocks = [
            HiddenBlock(width, dropout_rate, dtype=self.dtype_policy) for width in units
        ]
        self.head = Dense(num_classes, dtype=self.dtype_policy)

    def build(self, input_shape):
        shape = (None, self.flat(input_shape))
        for block in self.blocks:
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.head.build(shape)

    @staticmethod
    def flat(shape):
        product = 1
        for size in shape[1:]:
            if size is None:
                raise ValueError(f"an unknown size in {shape}")
            product *= size
        return product

    def call(self, inputs, training=None):
        x = ops.reshape(inputs, (ops.shape(inputs)[0], self.flat(inputs.shape)))
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(x)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "units": list(self.units),
            "num_classes": self.num_classes,
            "dropout_rate": self.dropout_rate,
        }
