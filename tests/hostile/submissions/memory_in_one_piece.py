"""Asks for more memory than there is, in one piece."""

import keras
import numpy as np

class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def set_weights(self, weights):
        pass

    def call(self, x):
        return np.ones((10**6, 10**6))
