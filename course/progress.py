"""Progress: what passes, how many hints were seen. One plain file in the project.

`.layerwise/progress.json`:

    {"passed":   {"u05_convolution/conv2d": {"sha256": …, "when": …, "backend": …}},
     "notebook": {the same, for exercises that passed as a notebook's cell},
     "hints":    {"u05_convolution/conv2d": 2},
     "attempts": {"u05_convolution/conv2d": {"count": 3, "last": …}}}

`sha256` is of the exercise file's bytes: once the file changes, it has not passed yet.
Nothing here stops a check: what can't be saved is said in `warning`.
"""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from course.syllabus import Exercise

_SECTIONS = ("passed", "notebook", "hints", "attempts")


class State(StrEnum):
    """Where an exercise stands."""

    DONE = "done"
    CHANGED = "changed since"
    STARTED = "started"
    NEW = "not started"
    ABSENT = "not in this folder"


@dataclass(frozen=True)
class Progress:
    """What the file holds.

    Attributes:
        passed, notebook, hints, attempts: The file's sections, by exercise id.
        warning: What went wrong with the file, in one line, or ''.
    """

    passed: dict[str, Any] = field(default_factory=dict)
    notebook: dict[str, Any] = field(default_factory=dict)
    hints: dict[str, Any] = field(default_factory=dict)
    attempts: dict[str, Any] = field(default_factory=dict)
    warning: str = ""

    def hints_seen(self, exercise: Exercise) -> int:
        """How many steps of the exercise's ladder were shown."""
        seen = self.hints.get(exercise.id)
        return seen if type(seen) is int and seen > 0 else 0

    def passed_hash(self, exercise: Exercise) -> str:
        """The sha256 of the file that passed last, or ''."""
        return _hash_in(self.passed, exercise)


def path_in(root: Path) -> Path:
    """Where the progress of a project is kept."""
    return root / ".layerwise" / "progress.json"


def load(root: Path) -> Progress:
    """The progress of a project; empty if there is none yet.

    A damaged file is kept aside as `progress.json.damaged`.
    """
    path = path_in(root)
    try:
        data, warning = _parse(path), ""
        if data is None:
            with _lock(path.parent):
                data, warning = _read(path)
    except OSError as error:
        data = {}
        warning = f"Your progress can't be read: {path} ({error.strerror})."
    return Progress(**{name: data.get(name, {}) for name in _SECTIONS}, warning=warning)


def record_check(
    root: Path,
    exercise: Exercise,
    sha256: str,
    passed: bool,
    backend: str,
    notebook: bool = False,
) -> str:
    """Notes a check; what went wrong with saving it, in one line, or ''.

    Args:
        root: The project folder.
        exercise: What was checked.
        sha256: Of the exercise file's bytes, or of the cell's source.
        passed: Whether every check passed.
        backend: On which backend.
        notebook: Whether it was a cell.
    """

    def change(data: dict[str, Any]) -> None:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        attempt = data["attempts"].get(exercise.id)
        count = attempt.get("count", 0) if isinstance(attempt, dict) else 0
        data["attempts"][exercise.id] = {"count": count + 1, "last": now}
        section = data["notebook" if notebook else "passed"]
        if passed:
            entry = {"sha256": sha256, "when": now, "backend": backend}
            section[exercise.id] = entry
        elif _hash_in(section, exercise) == sha256:
            del section[exercise.id]  # the same file passed once and doesn't now

    return _update(root, change)


def record_hint(root: Path, exercise: Exercise, steps: int) -> str:
    """Notes how many steps were seen; what went wrong with saving it, or ''."""

    def change(data: dict[str, Any]) -> None:
        data["hints"][exercise.id] = steps

    return _update(root, change)


def state(
    exercise: Exercise, root: Path, progress: Progress, stub: str | None
) -> State:
    """Where an exercise stands.

    Args:
        exercise: Which.
        root: The project folder.
        progress: From `load`.
        stub: The text that the exercise begins with; None if nobody knows it.
    """
    try:
        data = (root / "exercises" / exercise.path).read_bytes()
    except OSError:
        return State.ABSENT
    passed = progress.passed_hash(exercise)
    if passed == hashlib.sha256(data).hexdigest():
        return State.DONE
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    untouched = "raise NotImplementedError" in text if stub is None else text == stub
    if untouched and exercise.id in progress.notebook:
        return State.DONE
    if untouched:
        return State.NEW
    return State.CHANGED if passed else State.STARTED


def _hash_in(section: dict[str, Any], exercise: Exercise) -> str:
    entry = section.get(exercise.id)
    return str(entry.get("sha256", "")) if isinstance(entry, dict) else ""


def _update(root: Path, change: Callable[[dict[str, Any]], None]) -> str:
    path = path_in(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path.parent):
            data, warning = _read(path)
            for name in _SECTIONS:
                data.setdefault(name, {})
            change(data)
            _write(path, data)
    except OSError as error:
        return (
            f"Your progress was not saved: {path} can't be written "
            f"({error.strerror}). The answer itself stands."
        )
    return warning


def _parse(path: Path) -> dict[str, Any] | None:
    """The file's content, {} if it isn't there, None if it is damaged."""
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):  # JSON's and Unicode's errors are ValueErrors
        return None
    sections = (
        [data.get(n, {}) for n in _SECTIONS] if isinstance(data, dict) else [None]
    )
    return data if all(isinstance(section, dict) for section in sections) else None


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """The content and a warning; a damaged file is moved aside. Needs the lock."""
    data = _parse(path)
    if data is not None:
        return data, ""
    aside = path.with_name(path.name + ".damaged")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{number}")
    os.replace(path, aside)
    return {}, (
        f"Your progress file was damaged: it is kept as {aside}, and a new one is "
        "started. Check again what you had done; your exercises are untouched."
    )


def _write(path: Path, data: dict[str, Any]) -> None:
    """All or nothing: a full disk or a power cut leaves the old file."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".progress-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, ensure_ascii=False, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One writer at a time; where a file system knows no locks, none."""
    with open(folder / "lock", "w") as file:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
        yield
