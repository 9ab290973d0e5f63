"""What being late costs, and how often may be asked: a small TOML file.

zone = "Europe/Berlin"
grace_minutes = 15      # so much later still counts as in time
percent_a_day = 10      # of the points earned, for each day begun
most_percent = 50       # never more than that
attempts = "5/day"      # for feedback at once, on a server

[due]                   # a unit, or one exercise; local time in the zone
u05_convolution = 2026-11-02T23:59:00
"u05_convolution/pooling" = 2026-11-09T23:59:00
"""

import datetime
import math
import re
import tomllib
import zoneinfo
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course import syllabus

_DAY = datetime.timedelta(days=1)
_WINDOWS = {
    "hour": datetime.timedelta(hours=1),
    "day": _DAY,
    "week": datetime.timedelta(weeks=1),
}
_KEYS = {"zone", "grace_minutes", "percent_a_day", "most_percent", "attempts", "due"}


class BadPolicy(ValueError):
    """The file says something that is no policy; the message names it."""


@dataclass(frozen=True)
class Limit:
    """At most `count` attempts within `window`."""

    count: int
    window: datetime.timedelta
    text: str

    @classmethod
    def of(cls, text: str) -> "Limit":
        """`5/day`, `2/hour`, `20/week`.

        Raises:
            BadPolicy: If it is none of these.
        """
        match = re.fullmatch(r"([1-9]\d{0,3})\s*/\s*(hour|day|week)", text.strip())
        if match is None:
            raise BadPolicy(f"attempts are like 5/day, 2/hour or 20/week, not {text!r}")
        return cls(int(match[1]), _WINDOWS[match[2]], f"{match[1]} a {match[2]}")


@dataclass(frozen=True)
class Penalty:
    """What lateness costs one submission.

    Attributes:
        percent: Of the points earned.
        late: How late it came; None if it was in time or nobody knows.
        note: A few words, where there is something to say.
    """

    percent: float = 0.0
    late: datetime.timedelta | None = None
    note: str = ""

    def of(self, points: float) -> float:
        """The points that are left."""
        return round(points * (1 - self.percent / 100), 4)


@dataclass(frozen=True)
class Policy:
    """See the module's example for what the fields mean."""

    due: dict[str, datetime.datetime] = field(default_factory=dict)
    grace: datetime.timedelta = datetime.timedelta()
    percent_a_day: float = 0.0
    most_percent: float = 100.0
    attempts: Limit | None = None
    zone: datetime.tzinfo = datetime.UTC

    def penalty(self, exercise: str, submitted: datetime.datetime | None) -> Penalty:
        """What the answer to `exercise` loses.

        Args:
            exercise: `u05_convolution/conv2d`.
            submitted: When it came, by a clock that the student can't set; None if
                nobody knows. That costs nothing, and the note says so.
        """
        due = self.due.get(exercise) or self.due.get(exercise.partition("/")[0])
        if due is None:
            return Penalty()
        if submitted is None:
            return Penalty(note="time of submission unknown: no penalty applied")
        late = submitted - due
        if late <= self.grace:
            return Penalty()
        days = math.ceil(late / _DAY)
        percent = min(days * self.percent_a_day, self.most_percent)
        return Penalty(percent, late, f"{days} {'day' if days == 1 else 'days'} late")


def load(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        BadPolicy: If it is no TOML, has a field that there isn't, or a due time for
            something that isn't in the syllabus.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _policy(table)
    except (BadPolicy, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPolicy(f"{path}: {error}.") from error


def _policy(table: dict[str, Any]) -> Policy:
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise BadPolicy(f"no such field: {', '.join(unknown)}")
    due = table.get("due", {})
    if not isinstance(due, dict):
        raise BadPolicy("due is a table: [due], then one line a unit or exercise")
    attempts = table.get("attempts")
    return Policy(
        due={_known(name): _moment(name, due[name], table) for name in due},
        grace=datetime.timedelta(minutes=_number(table, "grace_minutes", 0, math.inf)),
        percent_a_day=_number(table, "percent_a_day", 0, 100),
        most_percent=_number({"most_percent": 100, **table}, "most_percent", 0, 100),
        attempts=None if attempts is None else Limit.of(str(attempts)),
        zone=_zone(table) if "zone" in table else datetime.UTC,
    )


def _number(table: dict[str, Any], name: str, least: float, most: float) -> float:
    value = table.get(name, 0)
    if type(value) not in (int, float) or not least <= value <= most:
        upper = f" and {most:g}" if most < math.inf else " and more"
        raise BadPolicy(f"{name} is a number between {least:g}{upper}, not {value!r}")
    return value


def _known(name: str) -> str:
    for unit in syllabus.units():
        names = [unit.name, *(exercise.id for exercise in unit.exercises)]
        if name in names:
            return name
    raise BadPolicy(f"[due] names {name!r}; say u05_convolution, or one exercise of it")


def _moment(name: str, due: Any, table: dict[str, Any]) -> datetime.datetime:
    if not isinstance(due, datetime.datetime):
        raise BadPolicy(f"{name} is due at {due!r}; say 2026-11-02T23:59:00")
    if due.tzinfo is not None:
        return due
    if "zone" not in table:
        raise BadPolicy(f'{name} is due at {due}, but in which zone? zone = "UTC"')
    return due.replace(tzinfo=_zone(table))


def _zone(table: dict[str, Any]) -> datetime.tzinfo:
    try:
        return zoneinfo.ZoneInfo(str(table["zone"]))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise BadPolicy(
            f"there is no zone {table['zone']!r}; they are like Europe/Berlin"
        ) from error
