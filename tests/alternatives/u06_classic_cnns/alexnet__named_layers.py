"""AlexNet with a name for each layer of the paper; built by a call on symbols."""

import keras

from course import parts


def gauss():
    return {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.01}}


@keras.saving.register_keras_serializable(package="layerwise")
class AlexNet(keras.Model):
    def __init__(
        self,
        num_classes=1000,
        stem="imagenet",
        filters=(96, 256, 384, 384, 256),
        units=4096,
        dropout_rate=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if stem not in {"imagenet", "cifar"}:
            raise ValueError(f"no stem {stem}")
        if len(filters) != 5 or min(filters) < 2 or any(n % 2 for n in filters):
            raise ValueError(f"no filters {filters}")
        if num_classes < 1 or units < 1:
            raise ValueError("sizes must be positive")
        self.num_classes, self.stem, self.filters = num_classes, stem, list(filters)
        self.units, self.dropout_rate = units, dropout_rate
        like = {"dtype": self.dtype_policy}
        one = {"bias_initializer": keras.initializers.Constant(1.0)}
        both = {"padding": "same", "groups": 2, **one}
        window = (11, 4, "valid") if stem == "imagenet" else (5, 1, "same")

        def made(kind, *arguments, **settings):
            return kind(*arguments, kernel_initializer=gauss(), **settings, **like)

        self.c1 = made(parts.Conv2D, filters[0], *window)
        self.c2 = made(parts.Conv2D, filters[1], (5, 5), **both)
        self.c3 = made(parts.Conv2D, filters[2], (3, 3), padding="same")
        self.c4 = made(parts.Conv2D, filters[3], (3, 3), **both)
        self.c5 = made(parts.Conv2D, filters[4], (3, 3), **both)
        self.f6 = made(parts.Dense, units, **one)
        self.f7 = made(parts.Dense, units, **one)
        self.f8 = made(parts.Dense, num_classes)
        self.compete = parts.LocalResponseNormalization(**like)  # one for both places
        self.pool = parts.MaxPooling2D((3, 3), strides=(2, 2), **like)
        self.drop = parts.Dropout(dropout_rate, **like)  # and one dropout

    def build(self, input_shape):
        smallest = {"imagenet": 67, "cifar": 15}[self.stem]
        if None in input_shape[1:3] or min(input_shape[1:3]) < smallest:
            raise ValueError(f"{input_shape} is too small")
        if not self.built:
            self.built = True
            self.call(keras.KerasTensor((1, *input_shape[1:]), self.compute_dtype))

    def call(self, inputs, training=None):
        relu = keras.ops.relu
        x = self.pool(self.compete(relu(self.c1(inputs))))
        x = self.pool(self.compete(relu(self.c2(x))))
        x = relu(self.c4(relu(self.c3(x))))
        x = relu(self.pool(self.c5(x)))  # the largest may be rectified afterwards
        x = keras.ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
        x = self.drop(relu(self.f6(x)), training=training)
        x = self.drop(relu(self.f7(x)), training=training)
        return self.f8(x)

    def get_config(self):
        names = ("num_classes", "stem", "filters", "units", "dropout_rate")
        return super().get_config() | {name: getattr(self, name) for name in names}
