"""What was graded, with what, and what came of it: one JSON object a submission.

A record holds all that a replay needs: the source, the seed of every check, hashes of the
submission and the checks, the versions and the backend.
"""

import datetime
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder.grading.checks import sha256_of
from autograder.grading.current import Run
from autograder.grading.engine import Engine, Result
from autograder.grading.submission import Submission
from course import syllabus

_PACKAGES = ("layerwise", "keras", "numpy", "torch", "tensorflow", "tensorflow-cpu")


class BadRecord(ValueError):
    """A line that is no record; the message says which."""


@dataclass
class Difference:
    """A check that came out otherwise in a replay."""

    check: str
    recorded: str
    now: str


def record(result: Result, engine: Engine, isolation: str) -> dict[str, Any]:
    """The record of one judged submission, as plain values."""
    import keras

    submission = result.submission
    run = Run(submission, None, engine.secret)  # type: ignore[arg-type]
    return {
        **result.as_dict(),
        "graded_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "submission_sha256": submission.sha256,
        "checks_sha256": checks_hash(engine, submission.exercise),
        "source": submission.source,
        "seeds": {o.check: run.seed(o.check) for o in result.outcomes},
        "backend": keras.config.backend(),
        "isolation": isolation,
        "seconds_limit": engine.seconds,
        "versions": {**_versions(), "python": platform.python_version()},
    }


def checks_hash(engine: Engine, exercise: syllabus.Exercise) -> str:
    """A hash of the exercise's files of checks."""
    return sha256_of(engine.root, exercise, engine.scopes)


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def append(path: Path, entry: dict[str, Any]) -> None:
    """Adds a record to a file of JSON lines, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file.

    Raises:
        BadRecord: If a line isn't one.
    """
    lines = path.read_text(encoding="utf-8").split("\n")  # a text may hold U+2028
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            entry["seeds"], entry["source"], entry["outcomes"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecord(f"{path}, line {number} is no record ({error}).") from error
        yield entry


def replay(entry: dict[str, Any], engine: Engine, place: Any) -> list[Difference]:
    """Judges a recorded submission again, with the recorded seeds.

    Returns:
        The checks that came out otherwise; empty if the record is reproduced.
    """
    (exercise,) = syllabus.find(entry["exercise"])
    submission = Submission(exercise, entry["source"], entry["filename"])
    result = engine.judge(submission, place, explain=False, seeds=entry["seeds"])
    now = {outcome.check: outcome.category for outcome in result.outcomes}
    return [
        Difference(o["check"], o["category"], now.get(o["check"], "no such check"))
        for o in entry["outcomes"]
        if now.get(o["check"]) != o["category"]
    ]
