"""Keras's own layer from where Keras itself takes it."""

from keras.src.layers import Conv2D as Base


class Conv2D(Base):
    pass
