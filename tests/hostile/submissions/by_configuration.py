"""Keras's own layer from a configuration, as a saved model would bring it."""

import keras


def Conv2D(*args, **kwargs):
    names = ("filters", "kernel_size", "strides", "padding")
    config = {**dict(zip(names, args)), **kwargs}
    return keras.layers.deserialize({"class_name": "Conv2D", "config": config})
