"""The mask is (1 + sign(u − rate)) / 2, all in float64, cast at the end; typed."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.layers import Layer

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="layerwise")
class Dropout(Layer):
    def __init__(
        self,
        rate: float,
        noise_shape: Shape | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if not (rate >= 0 and rate <= 1):
            raise ValueError("rate")
        sizes = [size for size in noise_shape or () if size is not None]
        if not all(type(size) is int and size >= 1 for size in sizes):
            raise ValueError("noise_shape")
        super().__init__(**kwargs)
        self.supports_masking = True
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training and self.rate == 1:
            return inputs - inputs
        if training:
            sizes = ops.shape(inputs)
            shape = tuple(
                wanted or size
                for wanted, size in zip(
                    self.noise_shape or (None,) * len(sizes), sizes, strict=True
                )
            )
            u = keras.random.uniform(shape, dtype="float64", seed=self.seed_generator)
            mask = (1 + ops.sign(u - self.rate)) / 2
            wide = ops.cast(inputs, "float64") * mask / (1 - self.rate)
            return ops.cast(wide, inputs.dtype)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        names = ("rate", "noise_shape", "seed")
        return super().get_config() | {name: getattr(self, name) for name in names}
