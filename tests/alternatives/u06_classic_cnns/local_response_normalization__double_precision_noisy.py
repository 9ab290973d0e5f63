"""LocalResponseNormalization in float64 by a band of ones; it talks while it works."""

import warnings

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class LocalResponseNormalization(keras.Layer):
    def __init__(self, size=5, alpha=1e-4, beta=0.75, k=2.0, **kwargs):
        super().__init__(**kwargs)
        if isinstance(size, float) or size < 1:
            raise ValueError(f"{size} channels?")
        if k <= 0:
            raise ValueError(f"k = {k}")
        if alpha < 0:
            raise ValueError(f"alpha = {alpha}")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        self.supports_masking = True

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(f"unknown: {input_shape}")
        warnings.warn(f"a band for {channels} channels", stacklevel=2)
        behind, before = (self.size - 1) // 2, self.size // 2
        square = np.ones((channels, channels))
        self.band = np.tril(np.triu(square, -behind), before)  # [j, i]

    def call(self, inputs):
        a = ops.cast(inputs, "float64")
        band = ops.convert_to_tensor(self.band, dtype="float64")
        total = ops.einsum("...j,ji->...i", a**2, band)
        print("loudest:", total.shape)
        return ops.cast(
            a / (self.k + self.alpha * total) ** self.beta, self.compute_dtype
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {name: getattr(self, name) for name in ("size", "alpha", "beta", "k")}
        return super().get_config() | own
