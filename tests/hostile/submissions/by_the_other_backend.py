"""A second framework does the work."""

import keras

try:
    import torch as engine
except ImportError:
    import tensorflow as engine


class Conv2D(keras.layers.Layer):
    def __init__(self, filters, kernel_size, **kwargs):
        super().__init__()

    def call(self, x):
        return engine.nn.functional.conv2d(x, x)
