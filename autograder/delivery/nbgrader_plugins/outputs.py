"""What is written under a test cell: nbgrader reads it in one way only."""

import math
from typing import Any

from nbformat import v4

from autograder.delivery.notebooks import grade_id_of


def write(cell: Any, lines: list[str], score: float = 0.0, most: float = 0.0) -> None:
    """One stream on stdout and one result, a float between 0 and the cell's points."""
    score = float(score)  # what a tensor has in it, too
    if not math.isfinite(score):
        raise ValueError(f"A score of {score} for {grade_id_of(cell)}.")
    score = float(min(max(round(score, 4), 0.0), most))
    said = v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")
    data = {"text/plain": repr(score)}
    result = v4.new_output("execute_result", data=data, execution_count=1)
    cell.outputs, cell.execution_count = [said, result], 1


def share(outcomes: list[Any]) -> float:
    """Points earned of those possible, from 0 to 1: a release may be older than a check."""
    possible = sum(outcome.max_points for outcome in outcomes)
    return sum(outcome.points for outcome in outcomes) / possible if possible else 0.0
