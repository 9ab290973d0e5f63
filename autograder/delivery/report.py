"""The class page: one HTML file that needs nothing but a browser.

What a student wrote is text in it, never markup: jinja2 escapes everything, and the
page's own policy lets no script run but ours.
"""

import base64
import datetime
import hashlib
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2

from autograder.delivery import results as reading
from autograder.delivery.results import Graded
from autograder.delivery.similar import Pair
from autograder.grading.outcome import CATEGORIES
from course import syllabus
from course.cli import feedback

_BINS = 10
_SLOWEST = 10
_CONTEXT = 3  # lines around those that two submissions have in common
_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Check:
    """How a class did in one check."""

    title: str
    scope: str
    passed: int
    judged: int

    @property
    def percent(self) -> int:
        return round(100 * self.passed / self.judged)


class ExerciseView:
    """How a class did in one exercise.

    Args:
        identity: `u05_convolution/conv2d`.
        results: All answers to it.
    """

    def __init__(self, identity: str, results: Sequence[Graded]):
        self.id, self.results = identity, results
        self.name = identity.rpartition("/")[2]
        titles = {e.id: e.title for e in syllabus.exercises()}
        self.title = titles.get(identity, self.name)
        self.max_points = max(graded.max_points for graded in results)

    @property
    def mean(self) -> int:
        """In percent."""
        return round(100 * statistics.mean(graded.share for graded in self.results))

    @property
    def full(self) -> int:
        """How many have all points."""
        return sum(graded.share == 1 for graded in self.results)

    @property
    def bars(self) -> list[tuple[str, int]]:
        """The distribution: what range of percent, and how many."""
        counts = Counter(bin_of(graded.share) for graded in self.results)
        return [(range_of(number), counts[number]) for number in range(_BINS + 1)]

    @cached_property
    def checks(self) -> list[Check]:
        """The pass rate of each check, in the order of the checks."""
        judged: dict[tuple[str, str], list[bool]] = {}
        for graded in self.results:
            for outcome in graded.outcomes:
                key = (outcome["title"], outcome["scope"])
                judged.setdefault(key, []).append(outcome["category"] == "passed")
        return [Check(*key, sum(all_), len(all_)) for key, all_ in judged.items()]

    @cached_property
    def mistakes(self) -> list[tuple[str, str, list[str]]]:
        """Known mistakes, the most common first: name, sentence, who makes it."""
        made: dict[tuple[str, str], list[str]] = {}
        for graded in self.results:
            named = {
                (o["mistake"], o["explanation"])
                for o in graded.outcomes
                if o.get("mistake")
            }
            for key in sorted(named):
                made.setdefault(key, []).append(graded.student)
        most = sorted(made.items(), key=lambda item: -len(item[1]))
        return [(name, says, who) for (name, says), who in most]


def bin_of(share: float) -> int:
    """0 to 9 for tenths, 10 for all points: full marks are a group of their own."""
    return _BINS if share >= 1 else max(0, int(share * _BINS))


def range_of(number: int) -> str:
    if number == _BINS:
        return "100 %"
    return f"{number * 10} to {number * 10 + 10} %"


@dataclass(frozen=True)
class Failed:
    """What is wrong, and all checks that say so."""

    words: str
    message: str
    detail: str
    explanation: str
    frames: list[tuple[int, str, str]]
    printed: str
    checks: list[tuple[str, str]]


class StudentView:
    """One student: every answer, and what there is to say about it."""

    def __init__(self, number: int, name: str, results: Sequence[Graded]):
        self.number, self.name = number, name
        self.shown = feedback.clean(name).replace("\n", " ")
        self.answers = {graded.exercise: graded for graded in results}

    @property
    def points(self) -> float:
        return sum(graded.points for graded in self.answers.values())

    def words(self, graded: Graded) -> str:
        return CATEGORIES.get(graded.category, graded.category)

    def failures(self, graded: Graded) -> list[Failed]:
        """What failed, checks that fail alike together."""
        alike: dict[tuple[str, str], Failed] = {}
        for outcome in graded.outcomes:
            if outcome["category"] == "passed":
                continue
            key = feedback.reason_of(outcome)
            if key not in alike:
                alike[key] = _failed(outcome)
            title = feedback.clean(outcome["title"])
            alike[key].checks.append((title, outcome["scope"]))
        return list(alike.values())


def _failed(outcome: dict[str, Any]) -> Failed:
    return Failed(
        words=CATEGORIES.get(outcome["category"], outcome["category"]),
        message=feedback.message_of(outcome),
        detail=feedback.clean(outcome.get("detail", "")),
        explanation=feedback.clean(outcome.get("explanation", "")),
        frames=feedback.frames_of(outcome),
        printed=feedback.clean(outcome.get("printed", "")).strip()[-2000:],
        checks=[],
    )


@dataclass(frozen=True)
class Side:
    """One of two similar texts: rows of (line number, text, whether in common)."""

    student: str
    rows: list[tuple[int, str, bool]]


def sides(pair: Pair) -> list[Side]:
    """The two texts, cut to what they have in common and a few lines around it."""
    found = []
    for student, source, common in zip(
        pair.students, pair.sources, pair.lines, strict=True
    ):
        near = {line + i for line in common for i in range(-_CONTEXT, _CONTEXT + 1)}
        texts = feedback.clean(source).split("\n")
        rows: list[tuple[int, str, bool]] = []
        for number, text in enumerate(texts, start=1):
            if number in near:
                if rows and rows[-1][0] != number - 1:
                    rows.append((0, "⋯", False))
                rows.append((number, text, number in common))
        found.append(Side(student, rows))
    return found


def render(
    results: Sequence[Graded],
    pairs: Iterable[Pair] | None,
    made: datetime.datetime,
) -> str:
    """The page.

    Args:
        results: What was graded.
        pairs: Submissions that are alike; None if nobody has looked.
        made: When, for the headline.
    """
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    exercises = [
        ExerciseView(name, [g for g in results if g.exercise == name])
        for name in reading.exercises(results)
    ]
    students = [
        StudentView(number, name, [g for g in results if g.student == name])
        for number, name in enumerate(reading.students(results), start=1)
    ]
    timed = [graded for graded in results if graded.seconds is not None]
    slowest = sorted(timed, key=lambda graded: -(graded.seconds or 0))[:_SLOWEST]
    return (
        _environment()
        .get_template("report.html")
        .render(
            exercises=exercises,
            students=students,
            numbers={student.name: student.number for student in students},
            share=_share_of_all(results, exercises, students),
            slowest=slowest,
            pairs=None if pairs is None else [(pair, sides(pair)) for pair in pairs],
            graded=len(results),
            made=made,
            clean=feedback.clean,
            script=script,
            script_hash=_hash(script),
        )
    )


def _share_of_all(
    results: Sequence[Graded],
    exercises: Sequence[ExerciseView],
    students: Sequence[StudentView],
) -> dict[str, float]:
    """Student → points of all that the class was asked for, 0 to 1."""
    possible = sum(exercise.max_points for exercise in exercises)
    return {s.name: s.points / possible if possible else 0 for s in students}


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _hash(script: str) -> str:
    """What the page's policy knows our script by."""
    digest = hashlib.sha256(script.encode()).digest()
    return base64.b64encode(digest).decode()
