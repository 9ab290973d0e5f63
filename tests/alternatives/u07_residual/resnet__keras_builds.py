"""ResNet that is built by one call on symbols; stages are lists of lists."""

import keras

from course import parts

STAGES = {18: "2222", 34: "3463", 50: "3463", 101: ["3", "4", "23", "3"]}


@keras.saving.register_keras_serializable(package="layerwise")
class ResNet(keras.Model):
    def __init__(self, depth, num_classes=1000, stem="imagenet", width=64, **kwargs):
        super().__init__(**kwargs)
        if depth not in STAGES or stem not in {"imagenet", "cifar"}:
            raise ValueError(f"no network of depth {depth} with stem {stem}")
        if num_classes < 1 or width < 1:
            raise ValueError("sizes must be positive")
        self.depth, self.num_classes, self.stem, self.width = (
            depth,
            num_classes,
            stem,
            width,
        )
        like = {"dtype": self.dtype_policy}
        large = stem == "imagenet"
        self.look = parts.Conv2D(
            width,
            7 if large else 3,
            strides=2 if large else 1,
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(),
            **like,
        )
        self.settle = parts.BatchNormalization(epsilon=1e-5, momentum=0.9, **like)
        self.largest = parts.MaxPooling2D((3, 3), strides=(2, 2), **like)
        kind = parts.BottleneckBlock if depth in (50, 101) else parts.ResidualBlock
        self.stages = []
        for number, count in enumerate(STAGES[depth]):
            stage = []
            for place in range(int(count)):
                strides = 2 if (number and not place) else 1
                stage.append(kind(width << number, strides=strides, **like))
            self.stages.append(stage)
        self.decide = parts.Dense(num_classes, **like)

    def build(self, input_shape):
        if self.built:
            return
        size = None, *(32 if n is None else n for n in input_shape[1:3])
        images = keras.KerasTensor((*size, input_shape[-1]), dtype=self.compute_dtype)
        self.built = True
        self.call(images)

    def call(self, inputs, training=None):
        large = self.stem == "imagenet"
        x = around(inputs, 3 if large else 1, 0.0)
        x = self.settle(self.look(x), training=training)
        if large:
            x = self.largest(around(x, 1, -1e4))  # relu and maximum may be swapped
        x = keras.ops.maximum(x, 0)
        for stage in self.stages:
            for block in stage:
                x = block(x, training=training)
        return self.decide(keras.ops.mean(keras.ops.mean(x, axis=2), axis=1))

    def get_config(self):
        names = ("depth", "num_classes", "stem", "width")
        return super().get_config() | {name: getattr(self, name) for name in names}


def around(x, size, value):
    edge = (size, size)
    return keras.ops.pad(x, ((0, 0), edge, edge, (0, 0)), constant_values=value)


def ResNet18(num_classes=1000, stem="imagenet", width=64, **kwargs):
    return ResNet(18, num_classes, stem=stem, width=width, **kwargs)


def ResNet50(num_classes=1000, stem="imagenet", width=64, **kwargs):
    return ResNet(50, num_classes, stem=stem, width=width, **kwargs)
