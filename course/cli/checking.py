"""One check and its trace in the progress file, for the terminal and for notebooks."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course import progress
from course.cli import client
from course.cli.backends import backend as chosen
from course.syllabus import Exercise

Say = Callable[[dict], None]


def check_file(exercise: Exercise, say: Say, backend: str = "") -> dict[str, Any]:
    """Checks the exercise's file in exercises/ and notes the result.

    Args:
        exercise: Which exercise.
        say: Called with the events of `course.cli.client`.
        backend: `torch` or `tensorflow`; '' for the one that Keras is set to.

    Returns:
        What the client gives, and `warning`: one line on what could not be noted.

    Raises:
        CheckingFailed: If there was no check.
        UnreadableSubmission: If the file can't be read.
    """
    root, name = client.project_root(), backend or chosen()
    file = root / "exercises" / exercise.path
    before = _digest(file)
    result = client.check_file(exercise, say, name)
    if _digest(file) != before:
        warning = f"{file.name} was saved during its check; check it again."
    else:
        warning = progress.record_check(root, exercise, before, result["passed"], name)
    return {**result, "warning": warning}


def check_cell(exercise: Exercise, source: str, shown: str, say: Say) -> dict[str, Any]:
    """The same for the text of a notebook's cell; the exercise's file stays as it is.

    Args:
        exercise: Which exercise.
        source: The cell's text.
        shown: What messages call it.
        say: As in `check_file`.
    """
    name = chosen()
    result = client.check_source(exercise, source, shown, say, name)
    root, digest = client.project_root(), hashlib.sha256(source.encode()).hexdigest()
    warning = progress.record_check(
        root, exercise, digest, result["passed"], name, notebook=True
    )
    return {**result, "warning": warning}


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""  # the client, which reads it too, says what is wrong
