"""Means over rows: what a whole group of layers comes to."""

from collections.abc import Iterable, Sequence
from typing import Any

from beside.cases import GROUPS, PASSES
from course.measuring.statistics import geometric_mean

Row = dict[str, Any]
WORST = 2.0  # a row above it is named
GOAL, MEMORY_GOAL = 1.0, 1.5  # geometric means of times, of memory
LEAST_MEMORY = 2**20  # bytes; the resident set is not known to a page


def ratio(row: Row) -> float:
    """Our time by theirs: below 1 the course's is faster."""
    return row["ours"] / row["theirs"]


def memory_ratio(row: Row) -> float | None:
    """Our peak by theirs; None where both are too small to be told from nothing."""
    ours, theirs = row.get("memory", (0, 0))
    if max(ours, theirs) < LEAST_MEMORY:
        return None
    return max(ours, LEAST_MEMORY) / max(theirs, LEAST_MEMORY)


def of_pass(rows: Iterable[Row], name: str) -> list[Row]:
    """The rows of a pass. A layer without weights has no step: its gradients count."""
    return [
        row
        for row in rows
        if row["pass"] == name
        or (name == "train" and row["pass"] == "backward" and not row["weights"])
    ]


def modes_of(rows: Iterable[Row]) -> list[str]:
    """In the order in which they were measured."""
    return list(dict.fromkeys(row["mode"] for row in rows))


def groups_of(rows: Sequence[Row]) -> list[str]:
    """Those that have rows, in the order of GROUPS."""
    there = {row["group"] for row in rows}
    return [group for group in GROUPS if group in there]


def means(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, float]]:
    """Geometric means by mode and pass; the names of their parts are groups.

    `layers` is over all that is neither block nor model: the set of the goals.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for mode in modes_of(rows):
        for name in PASSES:
            chosen = [row for row in of_pass(rows, name) if row["mode"] == mode]
            by_part = {
                part: [ratio(row) for row in chosen if is_in(row, part)]
                for part in (*GROUPS, "layers", "all")
            }
            found[mode, name] = {
                part: geometric_mean(ratios)
                for part, ratios in by_part.items()
                if ratios
            }
    return found


def memory_means(
    rows: Sequence[Row], name: str = "train"
) -> dict[str, dict[str, float]]:
    """The same of peak memory, for one pass: by mode, then by group."""
    found: dict[str, dict[str, float]] = {}
    for mode in modes_of(rows):
        chosen = [row for row in of_pass(rows, name) if row["mode"] == mode]
        by_part = {
            part: [r for row in chosen if is_in(row, part) and (r := memory_ratio(row))]
            for part in (*GROUPS, "layers", "all")
        }
        found[mode] = {
            part: geometric_mean(ratios) for part, ratios in by_part.items() if ratios
        }
    return found


def is_in(row: Row, part: str) -> bool:
    if part == "all":
        return True
    if part == "layers":
        return row["group"] not in ("blocks", "models")
    return row["group"] == part


def above(rows: Iterable[Row], worst: float = WORST) -> list[Row]:
    """The rows that take more than so many times as long, the worst first."""
    return sorted((r for r in rows if ratio(r) > worst), key=ratio, reverse=True)
