"""How often students may ask for feedback, and how often they did."""

import contextlib
import datetime
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from autograder.delivery.policy import Limit


class AttemptsUsedUp(RuntimeError):
    """A student has asked often enough; the message says when they may ask again."""


class BadLedger(ValueError):
    """The file holds something else than attempts; the message says where."""


@dataclass(frozen=True)
class Taken:
    """An attempt that was granted.

    Attributes:
        left: How many are left.
        next: From when on there is one more.
    """

    left: int
    next: datetime.datetime


@dataclass(frozen=True)
class Ledger:
    """Who asked when, in a file of JSON lines that two processes may use at once.

    An attempt is on the disk before it is granted, so that a crash gives none away. It
    must belong to the server's own account: what a student can write, they can shorten.

    Attributes:
        path: The file; made when it is first needed.
        limit: How often each student may ask about each exercise.
    """

    path: Path
    limit: Limit

    def take(self, student: str, exercise: str, now: datetime.datetime) -> Taken:
        """Counts an attempt.

        Raises:
            AttemptsUsedUp: If there was none left; it is not counted.
            BadLedger: If a line of the file is no attempt.
        """
        with self._opened() as file:
            mine = self._moments(file, student, exercise)
            left = remaining(self.limit, mine, now) - 1
            self._write(file, {"student": student, "exercise": exercise}, now)
        oldest = min((m for m in mine if now - m < self.limit.window), default=now)
        return Taken(left, (oldest + self.limit.window).astimezone(now.tzinfo))

    def give_back(self, student: str, exercise: str, taken: datetime.datetime) -> None:
        """Uncounts the attempt of that moment: nothing came of it."""
        with self._opened() as file:
            self._moments(file, student, exercise)  # cuts off what is half written
            entry = {"student": student, "exercise": exercise, "given_back": True}
            self._write(file, entry, taken)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """The file, for one process at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _moments(
        self, file: BinaryIO, student: str, exercise: str
    ) -> list[datetime.datetime]:
        """When the student asked about the exercise."""
        file.seek(0)
        end = 0
        found: list[datetime.datetime] = []
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):  # a crash: its attempt was never granted
                file.truncate(end)
                break
            end += len(line)
            try:
                entry = json.loads(line)
                whose = entry["student"], entry["exercise"]
                moment = datetime.datetime.fromisoformat(entry["at"])
                if whose == (student, exercise):
                    given_back = entry.get("given_back")
                    found.remove(moment) if given_back else found.append(moment)
            except (ValueError, KeyError, TypeError) as error:
                raise BadLedger(
                    f"{self.path}, line {number} is no attempt ({error}). Mend or remove "
                    "that line."
                ) from error
        return found

    def _write(
        self, file: BinaryIO, entry: dict[str, Any], at: datetime.datetime
    ) -> None:
        line = json.dumps({**entry, "at": at.isoformat()}, ensure_ascii=False)
        file.write(line.encode("utf-8", "surrogateescape") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def remaining(
    limit: Limit, taken: list[datetime.datetime], now: datetime.datetime
) -> int:
    """How many attempts are left, given the moments of those before.

    Raises:
        AttemptsUsedUp: If there is none.
    """
    recent = sorted(moment for moment in taken if now - moment < limit.window)
    if len(recent) >= limit.count:
        again = (recent[-limit.count] + limit.window).astimezone(now.tzinfo)
        raise AttemptsUsedUp(
            f"Your attempts are used up ({limit.text}). The next one: "
            f"{again:%A, %d %B %Y, %H:%M %Z}."
        )
    return limit.count - len(recent)
