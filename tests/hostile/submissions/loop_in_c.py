"""Computes for ever in one instruction of C, where no signal handler is run."""

import keras

keras.sum = sum(range(10**18))


class Conv2D(keras.Layer):
    pass
