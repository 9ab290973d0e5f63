"""VGG read from strings of layers; relu and pooling swapped; built by a call on symbols."""

import keras

from course import parts

FEATURES = {
    11: "1P2P44P88P88P",
    13: "11P22P44P88P88P",
    16: "11P22P444P888P888P",
    19: "11P22P4444P8888P8888P",
}


@keras.saving.register_keras_serializable(package="layerwise")
class VGG(keras.Model):
    def __init__(
        self, depth, num_classes=1000, units=4096, dropout_rate=0.5, width=64, **kwargs
    ):
        super().__init__(**kwargs)
        if depth not in FEATURES:
            raise ValueError(f"no network of depth {depth}")
        if num_classes < 1 or units < 1 or width < 1:
            raise ValueError("sizes must be positive")
        self.depth, self.num_classes, self.units = depth, num_classes, units
        self.dropout_rate, self.width = dropout_rate, width
        self.letters = FEATURES[depth]
        like = {"dtype": self.dtype_policy}
        he = keras.initializers.HeNormal
        for place, letter in enumerate(self.letters):
            if letter != "P":
                look = parts.Conv2D(
                    int(letter) * width,
                    (3, 3),
                    padding="same",
                    kernel_initializer=he(),
                    **like,
                )
                setattr(self, f"look{place}", look)
        self.halve = parts.MaxPooling2D((2, 2), (2, 2), **like)
        self.fc1 = parts.Dense(units, kernel_initializer=he(), **like)
        self.drop1 = parts.Dropout(dropout_rate, **like)
        self.fc2 = parts.Dense(units, kernel_initializer=he(), **like)
        self.drop2 = parts.Dropout(dropout_rate, **like)
        self.fc3 = parts.Dense(num_classes, **like)

    def build(self, input_shape):
        if None in input_shape[1:3] or min(input_shape[1:3]) < 32:
            raise ValueError(f"{input_shape} is too small")
        if not self.built:
            self.built = True
            self.call(keras.KerasTensor((1, *input_shape[1:]), self.compute_dtype))

    def call(self, inputs, training=None):
        x = inputs
        for place, letter in enumerate(self.letters):
            # the largest of the rectified is the rectified largest
            if letter != "P":
                x = getattr(self, f"look{place}")(keras.ops.relu(x) if place else x)
            else:
                x = self.halve(x)
        x = keras.ops.relu(x)
        size = x.shape[1] * x.shape[2] * x.shape[3]
        x = keras.ops.reshape(x, (-1, size))
        x = self.drop1(keras.ops.relu(self.fc1(x)), training=training)
        x = self.drop2(keras.ops.relu(self.fc2(x)), training=training)
        return self.fc3(x)

    def get_config(self):
        names = ("depth", "num_classes", "units", "dropout_rate", "width")
        return super().get_config() | {name: getattr(self, name) for name in names}


def VGG16(*args, **kwargs):
    return VGG(16, *args, **kwargs)
