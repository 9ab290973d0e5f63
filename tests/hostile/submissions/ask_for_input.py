"""Asks the user, who is not there."""

import keras

size = int(input("How many filters? "))


class Conv2D(keras.Layer):
    pass
