"""The file of records, and what it says is done already. One writer at a time.

A line is written whole and reaches the disk before the next one is begun. A line that a
crash has cut off is no record: it is removed, and its submission graded again.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.delivery.collecting import Handed
from autograder.grading.records import BadRecord

_UNDONE = frozenset({"grader_error", "not_judged"})
Key = tuple[str, str]  # student, exercise


class Busy(RuntimeError):
    """Somebody else is writing this file."""


class Journal:
    """Opens a file of records for writing.

    Args:
        path: The file; made if it is missing.

    Raises:
        Busy: If another grader has it open.
        BadRecord: If it holds something else.
    """

    def __init__(self, path: Path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = open(path.with_name(f".{path.name}.lock"), "w")  # noqa: SIM115
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise Busy(
                f"Another grader is writing {path}. Wait for it, or give --records."
            ) from None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        self.done: dict[Key, str] = {}
        self._keys: set[Key] = set()  # whatever the file has a line of
        self._read()

    def _read(self) -> None:
        """Learns what is done; cuts off what a crash has left half written."""
        with open(self.path, "rb") as file:
            end = 0
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    os.ftruncate(self._file, end)
                    return
                end += len(line)
                key, stamp = self._parsed(line, number)
                self._keys.add(key)
                self.done.pop(key, None)
                if stamp:
                    self.done[key] = stamp

    def _parsed(self, line: bytes, number: int) -> tuple[Key, str]:
        try:
            entry = json.loads(line)
            return _key(entry), _stamp_of(entry)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadRecord(
                f"{self.path}, line {number} is no record ({error}). Move the file away "
                "or give --records."
            ) from error

    def is_done(self, key: Key, stamp: str) -> bool:
        return self.done.get(key) == stamp

    def entries(self, handed: Iterable[Handed]) -> Iterator[dict[str, Any]]:
        """The records of some answers."""
        wanted = {(one.student, one.exercise.id) for one in handed}
        if wanted:
            with open(self.path, "rb") as file:
                for line in file:
                    entry = json.loads(line)
                    if _key(entry) in wanted:
                        yield entry

    def clear(self, keys: Collection[Key]) -> None:
        """Removes all that is recorded of some answers: no old score survives."""
        wanted = self._keys.intersection(keys)
        if not wanted:
            return
        fresh = self.path.with_name(f".{self.path.name}.new")
        with open(self.path, "rb") as old, open(fresh, "wb") as new:
            for line in old:
                if _key(json.loads(line)) not in wanted:
                    new.write(line)
            new.flush()
            os.fsync(new.fileno())
        os.replace(fresh, self.path)
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND)
        self._keys -= wanted
        for key in wanted:
            self.done.pop(key, None)

    def write(self, entry: dict[str, Any]) -> None:
        """Adds a record, or nothing.

        Raises:
            OSError: If the disk is full, and so on; what was there before stays whole.
        """
        line = json.dumps(entry, ensure_ascii=True).encode() + b"\n"
        end = os.fstat(self._file).st_size
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, end)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._keys.add(_key(entry))
        stamp = _stamp_of(entry)
        if stamp:
            self.done[_key(entry)] = stamp

    def close(self) -> None:
        os.close(self._file)
        self._lock.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def stamp(handed_sha256: str, checks_sha256: str, backends: Collection[str]) -> str:
    """What a record depends on: another stamp, another verdict."""
    return f"{handed_sha256} {checks_sha256} {'+'.join(sorted(backends))}"


def _key(entry: dict[str, Any]) -> Key:
    return entry.get("student", ""), entry["exercise"]


def _stamp_of(entry: dict[str, Any]) -> str:
    """'' for a record that doesn't count as done."""
    if entry["category"] in _UNDONE or "handed_sha256" not in entry:
        return ""
    backends = entry.get("backends") or [entry["backend"]]
    return stamp(entry["handed_sha256"], entry["checks_sha256"], list(backends))
