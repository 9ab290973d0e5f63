"""The operation that the layer is about, which Keras has twice."""

import keras
from keras import ops


class Conv2D(keras.Layer):
    def __init__(self, filters, *args, **kwargs):
        super().__init__()
        self.filters = filters

    def build(self, shape):
        pass

    def set_weights(self, weights):
        self.given = weights

    def call(self, x):
        return ops.nn.conv(x, self.given[0]) + self.given[1]
