import keras


class Conv2D(keras.Layer)
    pass
