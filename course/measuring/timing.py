"""Seconds a call, measured in turn, so that a busy machine slows all alike."""

import gc
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

LEAST = (
    0.02  # seconds that one measurement lasts: a clock and a scheduler's tick vanish
)
ROUNDS = 9


def interleaved(
    functions: Sequence[Callable[[], Any]],
    rounds: int = ROUNDS,
    least: float = LEAST,
    slow: float = math.inf,
) -> list[list[float]]:
    """Seconds a call of each function; the n-th of all are measured after each other.

    One measurement calls a function as often as it takes to last `least` seconds. The
    calls that find out how often that is warm it up as well.

    Args:
        functions: What is measured, in this order within each round.
        rounds: How many measurements of each.
        least: Seconds that a measurement lasts.
        slow: What takes longer than this is measured once.

    Returns:
        A list of times for each function.
    """
    repeats = [repeats_for(function, least, slow) for function in functions]
    times: list[list[float]] = [[] for _ in functions]
    gc.collect()
    collected = gc.isenabled()
    gc.disable()  # a collection would be charged to whoever happens to run
    try:
        for number in range(rounds):
            for function, repeat, found in zip(functions, repeats, times, strict=True):
                if number == 0 or found[0] <= slow:
                    found.append(seconds(function, repeat))
    finally:
        if collected:
            gc.enable()
    return times


def repeats_for(
    function: Callable[[], Any], least: float, slow: float = math.inf
) -> int:
    """How many calls last `least` seconds; 1 for what takes longer than `slow`."""
    repeats, taken = 1, seconds(function, 1)  # what is done once, such as compiling
    if taken > slow:
        return 1
    taken = seconds(function, 1)
    while taken * repeats < least:
        repeats = max(repeats + 1, math.ceil(1.1 * least / taken))
        taken = seconds(function, repeats)
    return repeats


def seconds(function: Callable[[], Any], repeats: int) -> float:
    """Of one call, over so many."""
    started = time.perf_counter()
    for _ in range(repeats):
        function()
    return max(time.perf_counter() - started, 1e-9) / repeats
