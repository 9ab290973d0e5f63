"""The twin of MobileNet: table 1, written out in `keras.ops`."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

# Filters and stride of each block (table 1).
TABLE = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
TABLE += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


class Twin:
    """The network of the docstring over a list of arrays."""

    def __init__(
        self,
        rng: np.random.Generator,
        alpha: float,
        channels: int,
        stem: str,
        num_classes: int,
        dtype: str = "float32",
    ):
        self.stem = stem
        shapes = shapes_of(alpha, channels, num_classes)
        self.values = [value.astype(dtype) for value in random_values(shapes, rng)]
        steps = (len(shapes) - 2) // 5  # a kernel and four numbers for each channel
        self.trained = [5 * k + i for k in range(steps) for i in (0, 1, 2)]
        self.trained += [5 * steps, 5 * steps + 1]
        self.moved = [5 * k + i for k in range(steps) for i in (3, 4)]

    def __call__(self, x: Any, values: Any = None, training: bool = False) -> Any:
        values = iter(self.values if values is None else values)
        self.statistics: list[Any] = []  # what training makes of the moving ones
        dtype = self.values[0].dtype.name
        x = ops.convert_to_tensor(x, dtype=dtype)

        def next_value():
            return ops.convert_to_tensor(next(values), dtype=dtype)

        def step(x, convolution, stride):
            kernel, gamma, beta, mean, variance = (next_value() for _ in range(5))
            x = convolution(x, kernel, stride, "same")
            if training:
                moving, axes = (mean, variance), (0, 1, 2)
                mean = ops.mean(x, axes)
                variance = ops.mean(ops.square(x - mean), axes)
                for old, new in zip(moving, (mean, variance), strict=True):
                    now = ops.convert_to_numpy(0.99 * old + 0.01 * new)
                    self.statistics.append(now)
            x = (x - mean) / ops.sqrt(variance + 1e-3) * gamma + beta
            return ops.clip(x, 0, 6)

        x = step(x, ops.conv, 2 if self.stem == "imagenet" else 1)
        for _, stride in TABLE:
            x = step(x, ops.depthwise_conv, stride)
            x = step(x, ops.conv, 1)
        kernel, bias = next_value(), next_value()
        return ops.sum(ops.mean(x, (1, 2))[:, :, None] * kernel, axis=1) + bias


def shapes_of(alpha: float, channels: int, num_classes: int) -> list[tuple[int, ...]]:
    """The shapes of all weights, in order."""
    seen = int(alpha * 32)
    shapes: list[tuple[int, ...]] = [(3, 3, channels, seen), *4 * [(seen,)]]
    for filters, _ in TABLE:
        filters = int(alpha * filters)
        shapes += [(3, 3, seen, 1), *4 * [(seen,)]]
        shapes += [(1, 1, seen, filters), *4 * [(filters,)]]
        seen = filters
    return [*shapes, (seen, num_classes), (num_classes,)]


def random_values(
    shapes: Sequence[tuple[int, ...]], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Values that neither blow the images up nor let them vanish."""
    for place, shape in enumerate(shapes):
        if len(shape) == 4 and place % 10 == 5:  # depthwise: channels are not summed
            yield rng.normal(size=shape) / 3
        elif len(shape) > 1:
            yield rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        elif place % 5 == 4:  # moving variances: small, so that some values pass 6
            yield rng.uniform(0.1, 0.4, size=shape)
        else:
            low = 0.5 if place % 5 == 1 else -0.5
            yield rng.uniform(low, low + 1, size=shape)
