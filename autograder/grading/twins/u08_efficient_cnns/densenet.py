"""The twin of DenseNet: its docstring, written out in `keras.ops`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

NORM = ("gamma", "beta", "mean", "variance")


class Twin:
    """The network of the docstring over a list of arrays."""

    def __init__(
        self,
        rng: np.random.Generator,
        blocks: Sequence[int],
        channels: int,
        stem: str,
        rate: int,
        classes: int,
        dtype: str = "float32",
    ):
        self.blocks, self.stem = blocks, stem
        weights = weights_of(blocks, channels, stem, rate, classes)
        self.values = [random_value(rng, *weight).astype(dtype) for weight in weights]
        roles = [role for role, _ in weights]
        self.trained = [i for i, role in enumerate(roles) if role not in NORM[2:]]
        self.moved = [i for i, role in enumerate(roles) if role in NORM[2:]]

    def __call__(self, x: Any, values: Any = None, training: bool = False) -> Any:
        values = iter(self.values if values is None else values)
        self.statistics: list[Any] = []  # what training makes of the moving ones
        dtype = self.values[0].dtype.name
        x = ops.convert_to_tensor(x, dtype=dtype)

        def convolved(x, stride=1, padding="same"):
            kernel = ops.convert_to_tensor(next(values), dtype=dtype)
            return ops.conv(x, kernel, stride, padding)

        def normal(x):
            """Normalization and relu."""
            gamma, beta, *moving = (
                ops.convert_to_tensor(next(values), dtype=dtype) for _ in range(4)
            )
            mean, variance = moving
            if training:
                mean = ops.mean(x, (0, 1, 2))
                variance = ops.mean(ops.square(x - mean), (0, 1, 2))
                for old, new in zip(moving, (mean, variance), strict=True):
                    now = ops.convert_to_numpy(0.9 * old + 0.1 * new)
                    self.statistics.append(now)
            return ops.relu((x - mean) / ops.sqrt(variance + 1e-5) * gamma + beta)

        def bordered(x, size):
            return ops.pad(x, [(0, 0), 2 * (size,), 2 * (size,), (0, 0)])

        if self.stem == "cifar":
            x = convolved(x)
        else:
            x = normal(convolved(bordered(x, 3), 2, "valid"))
            x = ops.max_pool(bordered(x, 1), 3, 2, "valid")
        for number, count in enumerate(self.blocks):
            if number:
                x = ops.average_pool(convolved(normal(x)), 2, 2, "valid")
            for _ in range(count):
                new = convolved(normal(convolved(normal(x))))
                x = ops.concatenate([x, new], axis=-1)
        x = ops.mean(normal(x), (1, 2))
        kernel, bias = (ops.convert_to_tensor(v, dtype=dtype) for v in values)
        return ops.sum(x[:, :, None] * kernel, axis=1) + bias


def weights_of(
    blocks: Sequence[int], channels: int, stem: str, rate: int, classes: int
) -> list[tuple[str, tuple[int, ...]]]:
    """Roles and shapes of all weights, in order."""

    def kernel(size, seen, filters):
        return [("kernel", (size, size, seen, filters))]

    def norm(seen):
        return [(role, (seen,)) for role in NORM]

    large = stem == "imagenet"
    found = kernel(7 if large else 3, channels, 2 * rate)
    found += norm(2 * rate) if large else []
    seen = 2 * rate
    for number, count in enumerate(blocks):
        if number:
            found += norm(seen) + kernel(1, seen, seen // 2)
            seen //= 2
        for _ in range(count):
            found += norm(seen) + kernel(1, seen, 4 * rate)
            found += norm(4 * rate) + kernel(3, 4 * rate, rate)
            seen += rate
    return found + norm(seen) + [("kernel", (seen, classes)), ("bias", (classes,))]


def random_value(
    rng: np.random.Generator, role: str, shape: tuple[int, ...]
) -> np.ndarray:
    """Values that neither blow the images up nor let them vanish."""
    if role == "kernel":
        return rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))
    low = 0.5 if role in ("gamma", "variance") else -0.5
    return rng.uniform(low, low + 1, size=shape)
