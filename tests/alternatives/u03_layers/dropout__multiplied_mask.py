"""Dropout as a product with a mask that is scaled itself; the generator is made late."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class Dropout(keras.Layer):
    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if rate < 0 or rate > 1:
            raise ValueError(f"rate {rate}")
        if noise_shape is not None and any(
            n is not None and n < 1 for n in noise_shape
        ):
            raise ValueError(f"noise_shape {noise_shape}")
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def build(self, input_shape):
        self.generator = keras.random.SeedGenerator(self.seed)

    def call(self, inputs, training=None):
        if training:
            shape = list(ops.shape(inputs))
            for axis, size in enumerate(self.noise_shape or ()):
                if size is not None:
                    shape[axis] = size
            noise = keras.random.uniform(shape, seed=self.generator)
            kept = ops.cast(noise >= self.rate, self.compute_dtype)
            factor = 0.0 if self.rate == 1 else 1.0 / (1.0 - self.rate)
            return inputs * (kept * factor)
        else:
            return inputs + 0

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = super().get_config()
        config.update(rate=self.rate, noise_shape=self.noise_shape, seed=self.seed)
        return config
