"""The stand-in of local response normalization."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class LocalResponseNormalization(keras.Layer):
    """Competition of neighbouring channels; a matrix says who is whose neighbour."""

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 2.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if type(size) is not int or size < 1 or k <= 0 or alpha < 0:
            raise ValueError(f"size={size!r}, alpha={alpha!r}, k={k!r}.")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] is None:
            raise ValueError(f"Unknown channels: input shape {tuple(input_shape)}.")

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, self.variable_dtype)
        channels = np.arange(x.shape[-1])
        apart = channels - channels[:, None]  # apart[j, i] = i − j
        near = (apart <= self.size // 2) & (apart >= -((self.size - 1) // 2))
        matrix = ops.convert_to_tensor(near.astype("float32"), dtype=x.dtype)
        total = ops.einsum("...j,ji->...i", ops.square(x), matrix)
        x = x * (self.k + self.alpha * total) ** -self.beta
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        names = ("size", "alpha", "beta", "k")
        return {**super().get_config(), **{n: getattr(self, n) for n in names}}
