"""Calls itself without end, where Python does not count."""

import sys

import keras

sys.setrecursionlimit(2**30)
deep = []
for _ in range(10**6):
    deep = [deep]

class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def set_weights(self, weights):
        pass

    def call(self, x):
        return repr(deep)
