"""What is written under a test cell: nbgrader reads it in one way only."""

import math
from collections.abc import Iterator
from typing import Any

from nbformat import v4

from autograder.delivery.notebooks import grade_id_of
from autograder.grading.outcome import CATEGORIES
from course.cli.feedback import clean, frames_of, message_of
from course.syllabus import Exercise


def write(cell: Any, lines: list[str], score: float = 0.0, most: float = 0.0) -> None:
    """One stream on stdout and one result, a float between 0 and the cell's points."""
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


def feedback(exercise: Exercise, outcomes: list[Any]) -> list[str]:
    """What a student may know: of public checks everything, of hidden ones little."""
    passed = sum(outcome.passed for outcome in outcomes)
    lines = [f"{exercise.name}: {passed} of {len(outcomes)} checks pass."]
    said: set[tuple[str, ...]] = set()
    for outcome in (outcome.for_student() for outcome in outcomes):
        mark = "✓" if outcome.passed else "✗"
        points = f"{outcome.points:g} of {outcome.max_points:g}"
        lines.append(f"{mark} {outcome.title} ({points})")
        told = tuple(_details(outcome))
        if told and told in said:
            lines.append("    as above")
        elif not outcome.passed:
            said.add(told)
            lines += told
    return lines


def _details(outcome: Any) -> Iterator[str]:
    if outcome.passed:
        return
    words, shown = CATEGORIES[outcome.category], outcome.as_dict()
    message = message_of(shown)
    yield f"    {words}" if message == words else f"    {words}: {message}"
    yield from (f"    {line}" for line in clean(outcome.detail).splitlines())
    for number, text, _ in frames_of(shown):
        yield f"    line {number}:  {text}"
    if outcome.explanation:
        yield f"    → {clean(outcome.explanation)}"
    yield from (f"    │ {line}" for line in clean(outcome.printed).splitlines()[-10:])
