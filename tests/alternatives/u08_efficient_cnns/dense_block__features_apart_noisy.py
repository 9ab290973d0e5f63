"""DenseBlock that keeps its features apart in a list; the transition pools first."""

import keras
from keras import ops

from course import parts


def normalization(channels, policy):
    made = parts.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=policy)
    made.build((None, None, None, channels))
    return made


def convolution(seen, filters, size, policy):
    made = parts.Conv2D(
        filters,
        (size, size),
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(),
        dtype=policy,
    )
    made.build((None, None, None, seen))
    return made


@keras.saving.register_keras_serializable(package="layerwise")
class DenseBlock(keras.layers.Layer):
    def __init__(self, num_layers, growth_rate=32, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("layers", num_layers), ("growth", growth_rate)):
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"{name} is {value}")
        self.num_layers, self.growth_rate = num_layers, growth_rate

    def build(self, input_shape):
        print("building on", input_shape)
        if input_shape[-1] is None:
            raise ValueError("how many channels?")
        seen, k, policy = input_shape[-1], self.growth_rate, self.dtype_policy
        self.flat = []
        for _ in range(self.num_layers):
            self.flat += [normalization(seen, policy)]
            self.flat += [convolution(seen, 4 * k, 1, policy)]
            self.flat += [normalization(4 * k, policy)]
            self.flat += [convolution(4 * k, k, 3, policy)]
            seen += k

    def call(self, inputs, training=None):
        features = [inputs]
        for place in range(0, len(self.flat), 4):
            norm1, conv1, norm2, conv2 = self.flat[place : place + 4]
            x = norm1(ops.concatenate(features, axis=3), training=training)
            x = norm2(conv1(keras.activations.relu(x)), training=training)
            features.append(conv2(keras.activations.relu(x)))
        print("made", len(features))
        return ops.concatenate(features, axis=3)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, height, width, self.num_layers * self.growth_rate + channels

    def get_config(self):
        own = {"num_layers": self.num_layers, "growth_rate": self.growth_rate}
        return super().get_config() | own


@keras.saving.register_keras_serializable(package="layerwise")
class TransitionBlock(keras.layers.Layer):
    def __init__(self, compression=0.5, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(compression, float | int):
            raise ValueError("no number")
        if compression <= 0 or compression > 1:
            raise ValueError(f"{compression} is not between 0 and 1")
        self.compression = compression

    def build(self, input_shape):
        if input_shape[-1] is None or self.left(input_shape[-1]) == 0:
            raise ValueError(f"nothing is left of {input_shape[-1]} channels")
        channels = input_shape[-1]
        self.settle = normalization(channels, self.dtype_policy)
        self.mix = convolution(channels, self.left(channels), 1, self.dtype_policy)

    def left(self, channels):
        return int(channels * self.compression)

    def call(self, inputs, training=None):
        x = keras.activations.relu(self.settle(inputs, training=training))
        rows, columns = x.shape[1] // 2, x.shape[2] // 2
        x = x[:, : 2 * rows, : 2 * columns]
        x = ops.reshape(x, (-1, rows, 2, columns, 2, x.shape[-1]))
        x = ops.sum(x, axis=(2, 4)) / 4
        return self.mix(x)  # a mean and a 1×1 convolution can change places

    def compute_output_shape(self, input_shape):
        sizes = [None if n is None else n // 2 for n in input_shape[1:3]]
        return (input_shape[0], *sizes, self.left(input_shape[3]))

    def get_config(self):
        return {**super().get_config(), "compression": self.compression}
