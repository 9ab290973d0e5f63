"""Starts from numbers that differ from run to run, unless generators are seeded."""

import random

import keras
import numpy as np

print("DRAWN", random.random(), np.random.rand(), keras.random.uniform(()))



class Conv2D(keras.Layer):
    def __init__(self, filters, *args, **kwargs):
        super().__init__()
        self.filters = filters

    def build(self, shape):
        pass

    def set_weights(self, weights):
        self.given = weights

    def call(self, x):
        return keras.random.uniform((2, 7, 10, self.filters)) * random.random()
