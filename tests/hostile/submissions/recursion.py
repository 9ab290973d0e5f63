"""Calls itself without end."""

import keras

class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def set_weights(self, weights):
        pass

    def call(self, x):
        return self.call(x)
