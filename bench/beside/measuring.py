"""One case through all modes and passes: first that it agrees, then how long it takes."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

from beside import memory, passes, sides
from beside.cases import Case
from course.measuring import statistics, timing

AGREES = 1e-3  # of the largest number, in every array of a result
AGREE_ON_AVERAGE = 0.1  # of what two calls draw at random: means and spreads
FEWEST = 1000  # numbers of an array whose mean is looked at

Row = dict[str, Any]


class Differs(ValueError):
    """The two sides compute different things, so that their times say nothing."""


def measure(
    case: Case,
    modes: Sequence[str],
    pairs: int = timing.ROUNDS,
    least: float = timing.LEAST,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[Row]:
    """Yields a row for each mode and pass.

    Args:
        case: What to measure.
        modes: How the backend runs it.
        pairs: How many pairs of measurements.
        least: Seconds that one measurement lasts.
        say: Is told what is being measured.

    Raises:
        Differs: If the results of the two sides do.
    """
    rng = np.random.default_rng(case.shape)
    both = sides.both(case, rng)
    x, targets = passes.given(case, rng)
    for mode in modes:
        made = [passes.Side(case, part, x, targets, mode) for part in both]
        ours, theirs = (side.passes() for side in made)
        for name in ours:
            say(f"{case.title}, {mode}, {name}")
            with _weights_kept(both):
                found = ours[name](), theirs[name]()
            refuse_if_different(case, f"{mode}, {name}", *found)
            del found
            with _weights_kept(both):
                row = _row(ours[name], theirs[name], pairs, least)
            yield {
                "group": case.group,
                "case": case.title,
                "mode": mode,
                "pass": name,
                "weights": bool(made[0].weights),
                **row,
            }


def _row(ours: passes.Pass, theirs: passes.Pass, pairs: int, least: float) -> Row:
    """Times and memory of the two."""
    found = statistics.compared(*timing.interleaved([ours, theirs], pairs, least))
    row: Row = dict(found._asdict())
    if memory.can_be_measured():
        row["memory"] = [memory.peak(ours), memory.peak(theirs)]
    return row


@contextlib.contextmanager
def _weights_kept(parts: Sequence[Any]) -> Iterator[None]:
    """Afterwards both have the weights that they had: training moves them."""
    layers = [part for part in parts if hasattr(part, "get_weights")]
    before = [layer.get_weights() for layer in layers]
    yield
    for layer, values in zip(layers, before, strict=True):
        layer.set_weights(values)


def refuse_if_different(case: Case, which: str, ours: Any, theirs: Any) -> None:
    """Compares what a pass returns: outputs, the loss, gradients.

    Raises:
        Differs: If they are further apart than AGREES, or have other shapes.
    """
    mine, wanted = arrays(ours), arrays(theirs)
    if [a.shape for a in mine] != [a.shape for a in wanted]:
        raise Differs(
            f"{case.title}, {which}: shapes {[a.shape for a in mine]} beside "
            f"{[a.shape for a in wanted]}."
        )
    for number, (a, b) in enumerate(zip(mine, wanted, strict=True)):
        apart = unlike(a, b) if case.random else distance(a, b)
        allowed = AGREE_ON_AVERAGE if case.random else AGREES
        if not apart <= allowed:  # NaN is no agreement
            raise Differs(
                f"{case.title}, {which}: result {number}, {a.shape}, is {apart:.1e} of "
                f"the largest away."
            )


def arrays(result: Any) -> list[np.ndarray]:
    """The tensors of nested lists, in order, as float64; None is an empty array."""
    if isinstance(result, (list, tuple)):
        return [array for part in result for array in arrays(part)]
    if result is None:
        return [np.empty(0)]
    if hasattr(result, "detach"):
        result = result.detach()
    return [np.asarray(ops.convert_to_numpy(result), "float64")]


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, by the largest number of b."""
    if not a.size:
        return 0.0
    return float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-30))


def unlike(a: np.ndarray, b: np.ndarray) -> float:
    """How far apart mean and spread are, by the spread: for what is drawn at random."""
    if a.size < FEWEST:
        return 0.0 if np.isfinite(a).all() and np.isfinite(b).all() else np.inf
    spread = np.std(b)
    gaps = abs(np.mean(a) - np.mean(b)), abs(np.std(a) - spread)
    return float(max(gaps) / max(spread, 1e-30))
