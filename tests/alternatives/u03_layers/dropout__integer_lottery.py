"""Dropout by drawing integers: a ticket below the line is dropped. Talks while at it."""

import keras
from keras import ops

TICKETS = 1_000_000


@keras.saving.register_keras_serializable(package="layerwise")
class Dropout(keras.Layer):
    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate {rate}")
        if noise_shape is not None and 0 in tuple(noise_shape):
            raise ValueError(f"noise_shape {noise_shape}")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self.lottery = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        print("Dropout", self.rate, "training" if training else "inference")
        if not training:
            return inputs
        line = round(self.rate * TICKETS)
        if line == TICKETS:
            return inputs * 0
        tickets = keras.random.randint(
            self._shape(inputs), 0, TICKETS, seed=self.lottery
        )
        tickets = ops.broadcast_to(tickets, ops.shape(inputs))
        scaled = inputs * (TICKETS / (TICKETS - line))
        return ops.where(tickets < line, ops.zeros_like(inputs), scaled)

    def _shape(self, inputs):
        shape = []
        for axis, size in enumerate(ops.shape(inputs)):
            wanted = self.noise_shape[axis] if self.noise_shape else None
            shape.append(wanted or size)
        return tuple(shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }
