"""Keras's own layer under another name."""

import keras

tools = keras.layers
Convolution = tools.Convolution2D


class Conv2D(Convolution):
    pass
