"""The residual blocks' stand-ins."""

from typing import Any

import keras
from keras import ops

from course.block_stand_ins.built_in import built_in


class _Path(keras.Layer):
    """Convolutions, each with a normalization; relu between them, none at the end.

    Args:
        steps: Filters, window and stride of each convolution.
    """

    def __init__(self, steps: list[tuple[int, int, int]], **kwargs: Any):
        super().__init__(**kwargs)
        self.steps = []
        for filters, window, stride in steps:
            convolution = built_in("Conv2D")(
                filters,
                window,
                stride,
                use_bias=False,
                kernel_initializer="he_normal",
                dtype=self.dtype_policy,
            )
            normalization = built_in("BatchNormalization")(
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
