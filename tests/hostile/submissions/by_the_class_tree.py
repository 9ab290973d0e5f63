"""Keras's own layer, found among the subclasses of all layers."""

import keras


def below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


Conv2D = next(kind for kind in below(keras.Layer) if kind.__name__ == "Conv2D")
