"""The stand-ins of dense blocks and of what lies between them."""

from typing import Any

import keras
from keras import ops

from course.block_stand_ins.built_in import built_in


def _settled_first(filters: int, window: int, policy: Any) -> list[Any]:
    """A normalization, and the convolution that comes after it."""
    return [
        built_in("BatchNormalization")(momentum=0.9, epsilon=1e-5, dtype=policy),
        built_in("Conv2D")(
            filters,
            window,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=policy,
        ),
    ]


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class DenseBlock(keras.Layer):
    """1×1 and 3×3 convolutions, each after its normalization; what is made is kept."""

    def __init__(self, num_layers: int, growth_rate: int = 32, **kwargs: Any):
        super().__init__(**kwargs)
        for size in (num_layers, growth_rate):
            if type(size) is not int or size < 1:
                raise ValueError(f"{size!r} is no positive integer.")
        self.num_layers, self.growth_rate = num_layers, growth_rate
        sizes = num_layers * [(4 * growth_rate, 1), (growth_rate, 3)]
        self.steps = [_settled_first(*size, self.dtype_policy) for size in sizes]

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] is None:
            raise ValueError(f"Unknown channels: input shape {tuple(input_shape)}.")
        wide = 4 * self.growth_rate
        for number, pair in enumerate(self.steps):
            seen = input_shape[-1] + number // 2 * self.growth_rate
            for layer in pair:
                layer.build((None, None, None, wide if number % 2 else seen))

    def call(self, inputs: Any) -> Any:
        x = new = inputs
        for number, (normalization, convolution) in enumerate(self.steps):
            new = convolution(ops.relu(normalization(new if number % 2 else x)))
            if number % 2:
                x = ops.concatenate([x, new], axis=-1)
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:3], input_shape[3] + self.num_layers * self.growth_rate)

    def get_config(self) -> dict[str, Any]:
        own = {"num_layers": self.num_layers, "growth_rate": self.growth_rate}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class TransitionBlock(keras.Layer):
    """A 1×1 convolution after its normalization, and the mean of each 2×2 pixels."""

    def __init__(self, compression: float = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        if type(compression) not in (int, float) or not 0 < compression <= 1:
            raise ValueError(f"{compression!r} is no number in (0, 1].")
        self.compression = compression
        self.pooling = built_in("AveragePooling2D")(2, dtype=self.dtype_policy)

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        filters = int(self.compression * (channels or 0))
        if filters < 1:
            raise ValueError(f"No channels are left of {tuple(input_shape)}.")
        self.step = _settled_first(filters, 1, self.dtype_policy)
        for part in self.step:
            part.build((None, None, None, channels))

    def call(self, inputs: Any) -> Any:
        normalization, convolution = self.step
        return self.pooling(convolution(ops.relu(normalization(inputs))))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        sizes = (n and n // 2 for n in input_shape[1:3])
        return (input_shape[0], *sizes, int(self.compression * input_shape[3]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "compression": self.compression}
