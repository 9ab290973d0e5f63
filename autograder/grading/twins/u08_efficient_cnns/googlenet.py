"""The twin of GoogLeNet: table 1, written out in `keras.ops`."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

TABLE = """
    3a  64  96 128 16  32  32
    3b 128 128 192 32  96  64
    4a 192  96 208 16  48  64
    4b 160 112 224 24  64  64
    4c 128 128 256 24  64  64
    4d 112 144 288 32  64  64
    4e 256 160 320 32 128 128
    5a 256 160 320 32 128 128
    5b 384 192 384 48 128 128
"""
WIDTH = 8  # of the stem, 64 in the paper


def table() -> Iterator[tuple[str, list[int]]]:
    """Name and six numbers of each block."""
    for line in TABLE.split("\n")[1:-1]:
        name, *numbers = line.split()
        yield name, [int(number) * WIDTH // 64 for number in numbers]


def shapes_of(
    size: Sequence[int], channels: int, stem: str, num_classes: int, auxiliary: bool
) -> list[tuple[int, ...]]:
    """The shapes of all weights, in order; `size` is that of the images."""

    def convolution(window, seen, filters):
        return [(window, window, seen, filters), (filters,)]

    def classifier(seen):
        places = np.prod([(n - 5) // 3 + 1 for n in at_4])
        flat, units = int(places) * 2 * WIDTH, 16 * WIDTH
        shapes = convolution(1, seen, 2 * WIDTH) + [(flat, units), (units,)]
        return [*shapes, (units, num_classes), (num_classes,)]

    large = stem == "imagenet"
    at_4 = [-(-n // (16 if large else 2)) for n in size]
    shapes = convolution(7 if large else 3, channels, WIDTH)
    shapes += convolution(1, WIDTH, WIDTH) + convolution(3, WIDTH, 3 * WIDTH)
    seen, behind = 3 * WIDTH, list[Any]()
    for name, (c1, r3, c3, r5, c5, projected) in table():
        shapes += convolution(1, seen, c1) + convolution(1, seen, r3)
        shapes += convolution(3, r3, c3) + convolution(1, seen, r5)
        shapes += convolution(5, r5, c5) + convolution(1, seen, projected)
        seen = c1 + c3 + c5 + projected
        if auxiliary and name in ("4a", "4d"):
            behind += classifier(seen)
    return [*shapes, (seen, num_classes), (num_classes,), *behind]


def twin(images: Any, values: Sequence[Any], stem: str) -> list[Any]:
    """The logits, and those of the classifiers if there are weights for them."""
    values = [ops.convert_to_tensor(value) for value in values]
    begin, end = values[:6], values[6 + 9 * 12 :]

    def convolution(x, pair, stride=1):
        return ops.relu(ops.conv(x, pair[0], stride, "same") + pair[1])

    def dense(x, pair):
        return ops.sum(x[:, :, None] * pair[0], axis=1) + pair[1]

    def half(x):
        return ops.max_pool(x, 3, 2, "same")

    def block(x, weights):
        pairs = [weights[place : place + 2] for place in range(0, 12, 2)]
        three = convolution(convolution(x, pairs[1]), pairs[2])
        five = convolution(convolution(x, pairs[3]), pairs[4])
        pooled = convolution(ops.max_pool(x, 3, 1, "same"), pairs[5])
        return ops.concatenate([convolution(x, pairs[0]), three, five, pooled], -1)

    def classifier(x, weights):
        x = convolution(ops.average_pool(x, 5, 3, "valid"), weights[:2])
        x = ops.reshape(x, (x.shape[0], -1))
        return dense(ops.relu(dense(x, weights[2:4])), weights[4:])

    large = stem == "imagenet"
    x = convolution(ops.convert_to_tensor(images), begin[:2], 2 if large else 1)
    x = normalized(half(x) if large else x)
    x = normalized(convolution(convolution(x, begin[2:4]), begin[4:]))
    x, answers = half(x) if large else x, list[Any]()
    for number, (name, _) in enumerate(table()):
        place = 6 + 12 * number
        x = block(half(x) if name in ("4a", "5a") else x, values[place : place + 12])
        if len(end) > 2 and name in ("4a", "4d"):
            place = 2 + 6 * len(answers)
            answers.append(classifier(x, end[place : place + 6]))
    return [dense(ops.mean(x, axis=(1, 2)), end[:2]), *answers]


def normalized(x: Any) -> Any:
    """Local response normalization: neighbours are the ones of a banded matrix."""
    places = np.arange(x.shape[-1])
    near = np.abs(places[:, None] - places) <= 2
    near = ops.cast(near.astype("float32"), x.dtype)
    total = ops.einsum("bhwc,cd->bhwd", ops.square(x), near)
    return x / (2 + 1e-4 * total) ** 0.75


def random_values(
    shapes: Sequence[tuple[int, ...]], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        yield scale * rng.normal(size=shape)
