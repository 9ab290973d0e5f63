"""What this machine can do at best."""

import concurrent.futures
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from course.measuring.timing import repeats_for, seconds

SIZES = (256, 512, 1024, 1536)
COPIED = 2**25  # float32 numbers, 128 MiB: more than any cache holds


def matmul_rate() -> float:
    """Float32 operations a second of a matrix product, a multiply and an add each.

    The best of several sizes and of the two that multiply here: NumPy and the backend.
    """
    return max(
        2 * size**3 / _quickest(product)
        for size in SIZES
        for product in _products(size)
    )


def _products(size: int) -> list[Callable[[], Any]]:
    rng = np.random.default_rng(size)
    a, b = rng.standard_normal((2, size, size), dtype="float32")
    x, y = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
    return [lambda: a @ b, lambda: ops.matmul(x, y)]


def bandwidth(threads: int) -> float:
    """Bytes a second between processor and memory, read and written alike.

    Measured by copying an array that no cache can hold, a part for each thread.
    """
    source, target = np.ones(COPIED, "float32"), np.empty(COPIED, "float32")
    target[:] = 0  # its pages are there now
    edges = np.linspace(0, COPIED, threads + 1).astype(int)

    def copy_part(number: int) -> None:
        part = slice(edges[number], edges[number + 1])
        np.copyto(target[part], source[part])

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        quickest = _quickest(lambda: list(pool.map(copy_part, range(threads))))
    return 2 * source.nbytes / quickest


def _quickest(function: Callable[[], Any], runs: int = 5) -> float:
    """The shortest time of a call: what the machine can do, not what it usually does."""
    repeats = repeats_for(function, 0.02)
    return min(seconds(function, repeats) for _ in range(runs))
