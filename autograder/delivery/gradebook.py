"""Scores into nbgrader's gradebook, so that formgrader and export show them.

A unit is an assignment and its notebook, an exercise a grade cell of the name that the
unit's notebook gives it. Several graders may write: each answer is one short
transaction, tried again when the database is locked or somebody else was first.
"""

import contextlib
import datetime
import importlib.util
import logging
import os
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder.delivery.notebooks import checks_id
from course import syllabus

_PATIENCE = 60  # seconds in which a busy database is asked again
_UNSCORED = frozenset({"grader_error", "not_judged"})
_PASSING = (  # what SQLite, MySQL and PostgreSQL say when another try may do
    "locked",
    "busy",
    "deadlock",  # "Deadlock found when …", "deadlock detected"
    "lock wait timeout",
    "lock timeout",
    "could not obtain lock",
    "could not serialize access",
    "already exists",  # tables that another grader makes at this moment
)


class GradebookFailed(RuntimeError):
    """The gradebook can't be opened or written; the message says why."""


def available() -> bool:
    """Whether nbgrader is installed: it is an extra."""
    return importlib.util.find_spec("nbgrader") is not None


def url_of(text: str) -> str:
    """A database URL as it is; a file's name as SQLite's URL."""
    return text if "://" in text else f"sqlite:///{Path(text).absolute()}"


def _shown(text: str) -> str:
    """A URL as messages may show it: no password, and none among its options.

    Raises:
        GradebookFailed: If it can't be read, so that nobody knows where its password is.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in text:
        return text
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):
        raise GradebookFailed(
            "The gradebook's URL can't be read. It is "
            f"{text.partition('://')[0]}://USER:PASSWORD@HOST:PORT/NAME, with %40 for an "
            "@ in the password, %2F for a /, %3A for a :."
        )
    return url.set(query={}).render_as_string(hide_password=True)


class Book:
    """An open gradebook.

    Args:
        url: SQLAlchemy's, or the name of an SQLite file.

    Raises:
        GradebookFailed: If it can't be opened.
    """

    def __init__(self, url: str):
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import SQLAlchemyError

        self._known: set[Any] = set()  # what the book surely has by now
        shown = _shown(url)
        _find_alembic()
        try:
            self._book = self._patiently(lambda: Gradebook(url_of(url)))
        except (SQLAlchemyError, ImportError, OSError) as error:
            raise GradebookFailed(f"The gradebook {shown}: {_reason(error)}") from error

    def put(self, entry: dict[str, Any]) -> None:
        """Enters a record's score in the place of what was there.

        Raises:
            GradebookFailed: If the database stays locked, is full, or is read-only.
        """
        self._write(lambda: self._put(entry))

    def _put(self, entry: dict[str, Any]) -> None:
        from nbgrader.api import Grade, MissingEntry

        book = self._book
        (exercise,) = syllabus.find(entry["exercise"])
        unit, name = exercise.unit, checks_id(exercise)
        student = entry["student"]
        self._prepare(unit, name, entry["max_points"], student)
        submission = book.update_or_create_submission(unit, student)
        at = entry.get("submitted_at")
        if at:
            moment = datetime.datetime.fromisoformat(at).astimezone(datetime.UTC)
            submission.timestamp = moment.replace(tzinfo=None)
        try:
            grade = book.find_grade(name, unit, unit, student)
        except MissingEntry:  # the cell is newer than the submission
            notebook = book.find_submission_notebook(unit, unit, student)
            cell = book.find_grade_cell(name, unit, unit)
            grade = Grade(cell_id=cell.id, notebook=notebook)
            book.db.add(grade)
        scored = entry["category"] not in _UNSCORED
        grade.auto_score = entry["points"] if scored else None
        grade.needs_manual_grade = False
        book.db.commit()

    def _prepare(self, unit: str, name: str, max_points: float, student: str) -> None:
        """Makes the assignment, its notebook and cell, and the student, if need be."""
        book = self._book
        if unit not in self._known:
            book.update_or_create_assignment(unit)
            book.update_or_create_notebook(unit, unit)
        if (unit, name, max_points) not in self._known:
            worth = {"max_score": max_points} if max_points else {}
            book.update_or_create_grade_cell(
                name, unit, unit, cell_type="code", **worth
            )
        if (student,) not in self._known:
            book.update_or_create_student(student)
        self._known |= {unit, (unit, name, max_points), (student,)}

    def clear(self, student: str, exercise: syllabus.Exercise) -> None:
        """Takes a score out.

        Raises:
            GradebookFailed: As `put` does.
        """
        from nbgrader.api import MissingEntry

        def forget() -> None:
            with contextlib.suppress(MissingEntry):
                grade = self._book.find_grade(
                    checks_id(exercise), exercise.unit, exercise.unit, student
                )
                grade.auto_score = None
                self._book.db.commit()

        self._write(forget)

    def _write(self, act: Callable[[], None]) -> None:
        from nbgrader.api import InvalidEntry
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._patiently(act)
        except (SQLAlchemyError, InvalidEntry) as error:
            raise GradebookFailed(
                f"The gradebook can't be written: {_reason(error)}"
            ) from error

    def _patiently(self, act: Callable[[], Any]) -> Any:
        """Acts again while the database is locked or another was quicker."""
        from nbgrader.api import InvalidEntry
        from sqlalchemy.exc import DBAPIError

        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with _quiet():
                    return act()
            except (InvalidEntry, DBAPIError) as error:
                book = getattr(self, "_book", None)
                if book is not None:
                    book.db.rollback()
                self._known.clear()
                if not _may_pass(error) or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.02, 0.2))

    def close(self) -> None:
        self._book.close()

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _find_alembic() -> None:
    """nbgrader calls the program alembic, which is beside this Python."""
    beside, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if beside not in path.split(os.pathsep):
        os.environ["PATH"] = f"{beside}{os.pathsep}{path}"


def _cause(error: BaseException) -> BaseException:
    """What was raised first: nbgrader makes an InvalidEntry of whatever has failed."""
    from nbgrader.api import InvalidEntry

    return (isinstance(error, InvalidEntry) and error.__context__) or error


def _reason(error: Exception) -> str:
    """The first line of what the database itself has said."""
    cause = _cause(error)
    return str(getattr(cause, "orig", None) or cause).partition("\n")[0]


def _may_pass(error: Exception) -> bool:
    """Whether another try may do: somebody else was quicker, or is at it.

    Only the database's own words count, not the values that the error shows with them.
    """
    from sqlalchemy.exc import IntegrityError, StatementError

    cause = _cause(error)
    if not isinstance(cause, StatementError) or isinstance(cause, IntegrityError):
        return True  # an entry that somebody else has made first
    said = str(cause.orig).lower()
    return any(words in said for words in _PASSING)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """nbgrader logs a traceback for each entry that somebody else made first, and
    SQLAlchemy warns of how nbgrader makes a submission.
    """
    from sqlalchemy.exc import SAWarning

    log = logging.getLogger("tornado.application")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(category=SAWarning, action="ignore"):
            yield
    finally:
        log.setLevel(before)
