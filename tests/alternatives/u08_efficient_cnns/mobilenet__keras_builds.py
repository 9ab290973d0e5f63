"""MobileNet that is built by one call on symbols; the table is a string."""

import keras

from course import parts

PLAN = "64 128/ 128 256/ 256 512/ 512 512 512 512 512 1024/ 1024"


@keras.saving.register_keras_serializable(package="layerwise")
class MobileNet(keras.Model):
    def __init__(self, alpha=1.0, num_classes=1000, stem="imagenet", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(alpha, (int, float)) or alpha * 32 < 1 or num_classes < 1:
            raise ValueError(f"{alpha} and {num_classes}")
        first = {"imagenet": 2, "cifar": 1}.get(stem)
        if first is None:
            raise ValueError(f"no stem {stem}")
        self.alpha, self.num_classes, self.stem = alpha, num_classes, stem
        like = {"dtype": self.dtype_policy}
        self.look = parts.Conv2D(
            int(alpha * 32), 3, first, padding="same", use_bias=False, **like
        )
        self.settle = parts.BatchNormalization(**like)
        self.rows = []
        for word in PLAN.split():
            filters = int(alpha * int(word.rstrip("/")))
            strides = 2 if word.endswith("/") else 1
            self.rows.append(
                parts.DepthwiseSeparableBlock(filters, strides=strides, **like)
            )
        self.decide = parts.Dense(num_classes, **like)

    def build(self, input_shape):
        if self.built:
            return
        size = None, *(64 if n is None else n for n in input_shape[1:3])
        images = keras.KerasTensor((*size, input_shape[-1]), dtype=self.compute_dtype)
        self.built = True
        self.call(images)

    def call(self, inputs, training=None):
        x = self.settle(self.look(inputs), training=training)
        x = keras.activations.relu(x, max_value=6.0)
        for row in self.rows:
            x = row(x, training=training)
        return self.decide(keras.ops.mean(keras.ops.mean(x, axis=2), axis=1))

    def get_config(self):
        names = ("alpha", "num_classes", "stem")
        return super().get_config() | {name: getattr(self, name) for name in names}
