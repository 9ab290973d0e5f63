"""A normal number above its quantile is kept: erf turns it into a uniform one."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class Dropout(keras.Layer):
    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be between 0 and 1; got {rate!r}.")
        if noise_shape is not None:
            noise_shape = tuple(noise_shape)
            if any(
                n is not None and (type(n) is not int or n < 1) for n in noise_shape
            ):
                raise ValueError(
                    "noise_shape must hold positive integers and None; got "
                    f"{noise_shape!r}."
                )
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self.supports_masking = True  # a mask over time steps is handed on as it is
        self.seeds = [keras.random.SeedGenerator(seed)]

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        bell = keras.random.normal(
            self.mask_shape(inputs), dtype="float32", seed=self.seeds[0]
        )
        quantile = (1 + ops.erf(bell / 2**0.5)) / 2  # uniform in (0, 1)
        dropped = ops.logical_or(quantile < self.rate, self.rate == 1)
        scale = 1 / max(1 - self.rate, keras.config.epsilon())
        return ops.where(dropped, ops.zeros_like(inputs), inputs * scale)

    def mask_shape(self, inputs):
        """The shape of the mask: `noise_shape`, its gaps filled with the input's sizes."""
        sizes = ops.shape(inputs)
        if self.noise_shape is None:
            return sizes
        pairs = zip(self.noise_shape, sizes, strict=True)
        return tuple(size if wanted is None else wanted for wanted, size in pairs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }
