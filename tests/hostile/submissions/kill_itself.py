"""Is gone between a request and its answer."""

import os
import signal

import keras

class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def set_weights(self, weights):
        pass

    def call(self, x):
        os.kill(os.getpid(), signal.SIGKILL)
