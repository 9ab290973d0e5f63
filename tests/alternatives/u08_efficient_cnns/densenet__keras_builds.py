"""DenseNet that is built by one call on symbols; the first transition is cut off."""

import keras

from course import parts

SIZES = {121: "6 12 24 16", 169: "6 12 32 32", 201: "6 12 48 32"}


@keras.saving.register_keras_serializable(package="layerwise")
class DenseNet(keras.Model):
    def __init__(
        self, depth, num_classes=1000, stem="imagenet", growth_rate=32, **kwargs
    ):
        super().__init__(**kwargs)
        counts = depth
        if isinstance(depth, int):
            counts = [int(word) for word in SIZES.get(depth, "0").split()]
        first = {"imagenet": (7, 2), "cifar": (3, 1)}.get(stem)
        if first is None or not counts:
            raise ValueError(f"{depth} and {stem}")
        if min(*counts, num_classes, growth_rate) < 1:
            raise ValueError("sizes must be positive")
        self.depth, self.num_classes = depth, num_classes
        self.stem, self.growth_rate = stem, growth_rate
        like = {"dtype": self.dtype_policy}
        norm = {"epsilon": 1e-5, "momentum": 0.9, **like}
        self.look = parts.Conv2D(
            growth_rate + growth_rate,
            first[0],
            strides=first[1],
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(),
            **like,
        )
        if stem == "imagenet":
            self.settle = parts.BatchNormalization(**norm)
            self.largest = parts.MaxPooling2D((3, 3), strides=(2, 2), **like)
        chain = []
        for count in counts:
            grown = parts.DenseBlock(count, growth_rate=growth_rate, **like)
            chain += [parts.TransitionBlock(**like), grown]
        self.chain = chain[1:]
        self.finish = parts.BatchNormalization(**norm)
        self.decide = parts.Dense(num_classes, **like)

    def build(self, input_shape):
        if self.built:
            return
        size = None, *(64 if n is None else n for n in input_shape[1:3])
        images = keras.KerasTensor((*size, input_shape[-1]), dtype=self.compute_dtype)
        self.built = True
        self.call(images)

    def call(self, inputs, training=None):
        x = self.look(around(inputs, self.look.kernel_size[0] // 2))
        if self.stem == "imagenet":
            x = keras.activations.relu(self.settle(x, training=training))
            x = self.largest(around(x, 1))
        for link in self.chain:
            x = link(x, training=training)
        x = keras.activations.relu(self.finish(x, training=training))
        return self.decide(keras.ops.mean(keras.ops.mean(x, axis=2), axis=1))

    def get_config(self):
        names = ("depth", "num_classes", "stem", "growth_rate")
        return super().get_config() | {name: getattr(self, name) for name in names}


def around(x, size):
    edge = (size, size)
    return keras.ops.pad(x, ((0, 0), edge, edge, (0, 0)))


def DenseNet121(num_classes=1000, stem="imagenet", growth_rate=32, **kwargs):
    return DenseNet(121, num_classes, stem, growth_rate, **kwargs)
