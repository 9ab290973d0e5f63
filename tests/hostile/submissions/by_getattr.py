"""Keras's own layer by a name that is put together."""

import keras

Conv2D = getattr(keras.layers, "Conv" + "2D")
