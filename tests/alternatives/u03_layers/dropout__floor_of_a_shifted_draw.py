"""⌊keep + u⌋ with u uniform in [0, 1) is 1 with probability keep."""

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
        self.generator = keras.random.SeedGenerator(seed=self.seed)

    def call(self, inputs, training=False):
        keep = 1.0 - self.rate
        if not training or keep == 1:
            return inputs
        draw = keras.random.uniform(
            self.mask_shape(inputs), 0.0, 1.0, dtype="float32", seed=self.generator
        )
        mask = ops.cast(ops.floor(draw + keep), inputs.dtype)
        return mask * inputs / (keep or 1.0)

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
