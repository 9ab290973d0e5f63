"""LocalResponseNormalization as the formula is read: one channel after another."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class LocalResponseNormalization(keras.layers.Layer):
    def __init__(self, size=5, alpha=0.0001, beta=0.75, k=2, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(size, int) or size <= 0:
            raise ValueError(f"size {size}")
        if not k > 0 or not alpha >= 0:
            raise ValueError(f"{k} + {alpha} · sum")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def build(self, input_shape):
        self.channels = input_shape[-1]
        if self.channels is None:
            raise ValueError("how many channels?")

    def call(self, inputs, training=False):
        a = ops.cast(inputs, self.variable_dtype)
        answers = []
        for i in range(self.channels):
            first = max(0, i - self.size // 2)
            last = min(self.channels - 1, i + (self.size - 1) // 2)
            near = a[..., first : last + 1]
            base = self.k + self.alpha * ops.sum(near * near, axis=-1)
            answers.append(a[..., i] * ops.exp(-self.beta * ops.log(base)))
        return ops.cast(ops.stack(answers, axis=-1), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        config = super().get_config()
        config.update(size=self.size, alpha=self.alpha, beta=self.beta, k=self.k)
        return config
