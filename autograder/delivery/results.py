"""Reads what `layerwise grade` has written: one JSON line a submission."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from autograder.grading import records
from course import syllabus


@dataclass(frozen=True)
class Graded:
    """One student's answer to one exercise, judged.

    Attributes:
        student: Who, as the grader knows them.
        exercise: `u05_convolution/conv2d`.
        points, max_points: Earned and possible.
        category, explanation: The first thing that is wrong.
        outcomes: One a check, as `Outcome.as_dict` gives them.
        source: The text that was judged.
        backend: On which backend; '' if nobody knows.
        seconds: How long it took to judge; None if nobody knows.
        submitted_at: When it was handed in, with its zone; None if nobody knows.
    """

    student: str
    exercise: str
    points: float
    max_points: float
    category: str
    explanation: str
    outcomes: tuple[dict[str, Any], ...]
    source: str
    backend: str = ""
    seconds: float | None = None
    submitted_at: datetime.datetime | None = None

    @property
    def share(self) -> float:
        """Points earned of those possible, from 0 to 1."""
        return self.points / self.max_points if self.max_points else 0.0

    @property
    def unit(self) -> str:
        return self.exercise.partition("/")[0]

    @property
    def name(self) -> str:
        return self.exercise.rpartition("/")[2]


def read(path: Path) -> list[Graded]:
    """What a file of results says in the end, in the order of the syllabus.

    Of several lines for the same answer the last counts: that is a regrade. An answer
    graded on two backends counts as on the worse one.

    Raises:
        BadRecord: If a line isn't a result.
    """
    last: dict[tuple[str, str, str], Graded] = {}
    for number, entry in enumerate(records.read(path), start=1):
        try:
            graded = _graded(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise records.BadRecord(
                f"{path}, line {number} is no result ({error!r})."
            ) from error
        last[graded.student, graded.exercise, graded.backend] = graded
    worst: dict[tuple[str, str], Graded] = {}
    for graded in last.values():
        key = (graded.student, graded.exercise)
        if key not in worst or graded.share < worst[key].share:
            worst[key] = graded
    order = {e.id: number for number, e in enumerate(syllabus.exercises())}
    unknown = len(order)
    return sorted(
        worst.values(),
        key=lambda g: (order.get(g.exercise, unknown), g.exercise, g.student),
    )


def _graded(entry: dict[str, Any]) -> Graded:
    return Graded(
        student=str(entry.get("student") or _folder_of(entry)),
        exercise=entry["exercise"],
        points=float(entry["points"]),
        max_points=float(entry["max_points"]),
        category=entry["category"],
        explanation=entry["explanation"],
        outcomes=tuple(entry["outcomes"]),
        source=entry["source"],
        backend=entry.get("backend") or "",
        seconds=entry.get("seconds"),
        submitted_at=_time(entry.get("submitted_at")),
    )


def _folder_of(entry: dict[str, Any]) -> str:
    """The student of an older line: the folder that the file, or its unit, is in."""
    path = PurePath(entry.get("path") or entry["filename"])
    unit = entry["exercise"].partition("/")[0]
    folders = [part for part in path.parts[:-1] if part != unit]
    return folders[-1] if folders else path.stem


def _time(text: str | None) -> datetime.datetime | None:
    """A moment; without a zone it is none, since nobody knows which was meant."""
    if not text:
        return None
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else None


def students(results: Iterable[Graded]) -> list[str]:
    """Everybody who handed something in, by name."""
    return sorted({graded.student for graded in results}, key=str.casefold)


def exercises(results: Iterable[Graded]) -> list[str]:
    """The exercises among the results, in their order."""
    return list(dict.fromkeys(graded.exercise for graded in results))
