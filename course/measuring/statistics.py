"""What is said of times that were measured in turn."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Comparison(NamedTuple):
    """Two things measured in turn: ours, theirs, ours, theirs, …

    Attributes:
        ours: The median of the first one's times, in seconds.
        theirs: The median of the other's.
        low: The lower quartile of the ratios ours / theirs, pair by pair.
        high: Their upper quartile.
        pairs: How many pairs.
    """

    ours: float
    theirs: float
    low: float
    high: float
    pairs: int

    @property
    def ratio(self) -> float:
        """Of the medians: below 1 the first one is faster."""
        return self.ours / self.theirs


def compared(ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
    """The comparison that these times make; the n-th of each were neighbours.

    Raises:
        ValueError: If there is nothing to compare, or one has more times than the other.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"{len(ours)} times beside {len(theirs)} make no pairs.")
    low, high = quartiles([a / b for a, b in zip(ours, theirs, strict=True)])
    return Comparison(
        statistics.median(ours), statistics.median(theirs), low, high, len(ours)
    )


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper one; of a single value, that value twice."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def geometric_mean(ratios: Iterable[float]) -> float:
    """exp of the mean logarithm: 2 and 1/2 make 1, as ratios should.

    Raises:
        ValueError: If there is none, or one is not above 0.
    """
    values = list(ratios)
    if not values or min(values) <= 0:
        raise ValueError(f"Ratios are numbers above 0; got {values}.")
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def rounded(value: float, digits: int = 3) -> str:
    """To so many digits, never as a power of ten: 0.0123, 4.57, 12,345."""
    if value == 0:
        return "0"
    behind = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(behind, 0)}f}"
