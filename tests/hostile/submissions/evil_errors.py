"""Errors whose text, class and traceback resist being told."""

import keras


class Broken(Exception):
    def __str__(self):
        raise SystemExit("no text")

    __repr__ = __str__

    @property
    def __traceback__(self):
        raise KeyboardInterrupt


class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def build(self, shape):
        raise Broken

    def set_weights(self, weights):
        raise ValueError("\udcff" * 100_000 + "\x1b[2J\x1b]0;title\x07")
