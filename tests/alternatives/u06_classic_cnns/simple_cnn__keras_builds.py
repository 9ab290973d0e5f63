"""SimpleCNN without a build of its own: Keras runs `call` once on symbols instead."""

import keras

from course import parts


@keras.saving.register_keras_serializable(package="layerwise")
class SimpleCNN(keras.Model):
    def __init__(
        self, filters=(32, 64), units=128, num_classes=10, dropout_rate=0.5, **kwargs
    ):
        super().__init__(**kwargs)
        if not filters:
            raise ValueError("no stage")
        self.arguments = (tuple(filters), units, num_classes)
        self.dropout_rate = dropout_rate
        self.convolutions = [
            self.part("Conv2D", count, 3, 1, "same") for count in filters
        ]
        self.pools = [self.part("MaxPooling2D") for _ in filters]
        self.flatten = self.part("Flatten")
        self.hidden = self.part("Dense", units, activation="relu")
        self.dropout = self.part("Dropout", rate=dropout_rate)
        self.logits = self.part("Dense", num_classes)

    def part(self, name, *args, **kwargs):
        kinds = {
            "Conv2D": parts.Conv2D,
            "MaxPooling2D": parts.MaxPooling2D,
            "Flatten": parts.Flatten,
            "Dense": parts.Dense,
            "Dropout": parts.Dropout,
        }
        return kinds[name](*args, **kwargs, dtype=self.dtype_policy)

    def call(self, x, training=None):
        for convolution, pool in zip(self.convolutions, self.pools, strict=True):
            x = pool(keras.activations.relu(convolution(x)))
        return self.logits(self.dropout(self.hidden(self.flatten(x))))

    def get_config(self):
        filters, units, num_classes = self.arguments
        own = {"filters": filters, "units": units, "num_classes": num_classes}
        return {**super().get_config(), **own, "dropout_rate": self.dropout_rate}
