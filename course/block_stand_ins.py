"""What stands in for the blocks of which networks are built: Keras's layers inside.

Keras has no layer for a block of a paper. These stand in for them, with the interface
and the order of weights that the exercises promise, so that a network can be judged by
its own faults, not by those of its blocks. What each promises stands in its exercise.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from course import parts

__all__ = [
    "BottleneckBlock",
    "DepthwiseSeparableBlock",
    "LocalResponseNormalization",
    "ResidualBlock",
]


def _keras(name: str) -> Any:
    """One of Keras's layers, also where the sandbox has switched them off."""
    return parts.KEPT.get(name) or getattr(keras.layers, name)


class _Path(keras.Layer):
    """Convolutions, each with a normalization; relu between them, none at the end.

    Args:
        steps: Filters, window and stride of each convolution.
    """

    def __init__(self, steps: list[tuple[int, int, int]], **kwargs: Any):
        super().__init__(**kwargs)
        self.steps = []
        for filters, window, stride in steps:
            convolution = _keras("Conv2D")(
                filters,
                window,
                stride,
                use_bias=False,
                kernel_initializer="he_normal",
                dtype=self.dtype_policy,
            )
            normalization = _keras("BatchNormalization")(
                momentum=0.9, epsilon=1e-5, dtype=self.dtype_policy
            )
            self.steps.append([convolution, normalization])

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        for convolution, normalization in self.steps:
            convolution.build((None, None, None, channels))
            channels = convolution.filters
            normalization.build((None, None, None, channels))

    def call(self, inputs: Any) -> Any:
        x = inputs
        for number, (convolution, normalization) in enumerate(self.steps):
            x = ops.relu(x) if number else x
            border = [(size // 2, size // 2) for size in convolution.kernel_size]
            x = ops.pad(x, [(0, 0), *border, (0, 0)])
            x = normalization(convolution(x))
        return x


class _Block(keras.Layer):
    """relu(path(x) + shortcut(x)), the shortcut a path too where shapes differ."""

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        for size in (filters, strides):
            if type(size) is not int or size < 1:
                raise ValueError(f"{size!r} is no positive integer.")
        self.filters, self.strides = filters, strides
        self.longer = _Path(self._steps(), dtype=self.dtype_policy)
        self.width = self.longer.steps[-1][0].filters

    def _steps(self) -> list[tuple[int, int, int]]:
        raise NotImplementedError

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(f"Unknown channels: input shape {tuple(input_shape)}.")
        self.longer.build(input_shape)
        self.projection = None
        if self.strides > 1 or channels != self.width:
            step = (self.width, 1, 1)
            self.projection = _Path([step], dtype=self.dtype_policy)
            self.projection.build(input_shape)

    def call(self, inputs: Any) -> Any:
        x = inputs
        if self.projection is not None:
            # No strided 1×1 convolution: its gradient for few channels breaks PyTorch
            # on some processors (github.com/uxlfoundation/oneDNN/issues/6035).
            x = self.projection(x[:, :: self.strides, :: self.strides])
        return ops.relu(x + self.longer(inputs))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        sizes = (n and (n - 1) // self.strides + 1 for n in input_shape[1:3])
        return (input_shape[0], *sizes, self.width)

    def get_config(self) -> dict[str, Any]:
        own = {"filters": self.filters, "strides": self.strides}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class ResidualBlock(_Block):
    """Two 3×3 convolutions beside a shortcut."""

    def _steps(self) -> list[tuple[int, int, int]]:
        return [(self.filters, 3, self.strides), (self.filters, 3, 1)]


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class BottleneckBlock(_Block):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut; the last is 4 times as wide."""

    def _steps(self) -> list[tuple[int, int, int]]:
        return [
            (self.filters, 1, 1),
            (self.filters, 3, self.strides),
            (4 * self.filters, 1, 1),
        ]


@keras.saving.register_keras_serializable(package="layerwise_stand_ins")
class DepthwiseSeparableBlock(keras.Layer):
    """A depthwise 3×3 and a 1×1 convolution, each with a normalization and relu6."""

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        for size in (filters, strides):
            if type(size) is not int or size < 1:
                raise ValueError(f"{size!r} is no positive integer.")
        self.filters, self.strides = filters, strides
        like = {"use_bias": False, "dtype": self.dtype_policy}
        convolutions = (
            _keras("DepthwiseConv2D")(3, strides, padding="same", **like),
            _keras("Conv2D")(filters, 1, **like),
        )
        self.steps = [
            [convolution, _keras("BatchNormalization")(dtype=self.dtype_policy)]
            for convolution in convolutions
        ]

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] is None:
            raise ValueError(f"Unknown channels: input shape {tuple(input_shape)}.")
        shape = (None, None, None, input_shape[-1])
        for convolution, normalization in self.steps:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            normalization.build(shape)

    def call(self, inputs: Any) -> Any:
        x = inputs
        for convolution, normalization in self.steps:
            x = ops.relu6(normalization(convolution(x)))
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        sizes = (n and (n - 1) // self.strides + 1 for n in input_shape[1:3])
        return (input_shape[0], *sizes, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = {"filters": self.filters, "strides": self.strides}
        return {**super().get_config(), **own}


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
