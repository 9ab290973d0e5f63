"""Results as the tables that other systems read: Canvas, Moodle, Gradescope, plain CSV.

Every text is quoted, and none can be executed as a formula by a spreadsheet: what
begins like one gets an apostrophe before it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from autograder.delivery.policy import Penalty, Policy
from autograder.delivery.results import Graded, students
from course import syllabus

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
_POINTS_POSSIBLE = "    Points Possible"  # Canvas's second row, its spaces included
Row = list[Any]


class BadRoster(ValueError):
    """A list of students that can't be read; the message says what is missing."""


@dataclass(frozen=True)
class Export:
    """A table, and what has to be said about it.

    Attributes:
        text: The CSV.
        notes: What was left out or could not be known, a sentence each.
    """

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """A result and what being late costs it."""

    graded: Graded
    penalty: Penalty

    @property
    def points(self) -> float:
        return self.penalty.of(self.graded.points)


def export(
    kind: str, results: list[Graded], policy: Policy, roster: Path | None = None
) -> Export:
    """The table of that kind.

    Args:
        kind: One of `KINDS`.
        results: What was graded.
        policy: What being late costs.
        roster: The other system's own export, for its names and columns.

    Raises:
        BadRoster: If the roster is not a table with students in it.
    """
    scored = [Scored(g, policy.penalty(g.exercise, g.submitted_at)) for g in results]
    notes = [
        f"{one.graded.student}, {one.graded.exercise}: {one.penalty.note}."
        for one in scored
        if one.penalty.note and one.penalty.late is None
    ]
    rows, more = KINDS[kind](scored, roster)
    return Export(table(rows), (*notes, *more))


def table(rows: Iterable[Row]) -> str:
    """CSV with every text quoted and none executable."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return file.getvalue()


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = "".join(c if c.isprintable() or c in "\t\r\n" else "�" for c in value)
    return f"'{text}" if text.startswith(_FORMULA) else text


# Plain


def _plain(scored: list[Scored], roster: Path | None) -> tuple[list[Row], list[str]]:
    rows: list[Row] = [
        ["student", "exercise", "points", "max_points", "points_before_penalty"]
        + ["penalty_percent", "lateness", "submitted_at", "category", "explanation"]
    ]
    for one in scored:
        graded = one.graded
        at = graded.submitted_at
        rows.append(
            [graded.student, graded.exercise, one.points, graded.max_points]
            + [graded.points, one.penalty.percent, one.penalty.note]
            + [at.isoformat() if at else "", graded.category, graded.explanation]
        )
    return rows, []


# Canvas


def _canvas(scored: list[Scored], roster: Path | None) -> tuple[list[Row], list[str]]:
    units = _units(scored)
    if roster is None:
        rows: list[Row] = [[*_CANVAS, *units]]
        rows.append([_POINTS_POSSIBLE, "", "", "", "", *units.values()])
        for student in students(one.graded for one in scored):
            points = _points(scored, student, units)
            rows.append([student, "", "", student, "", *points])
        note = "Without --roster, students are named by SIS Login ID."
        return rows, [note]
    header, people = _read(roster, ("Student",))
    people = [row for row in people if "Points Possible" not in row["Student"]]
    keys = [name for name in _CANVAS if name in header]
    columns = [_column(unit, header) for unit in units]
    rows = [[*keys, *columns]]
    rows.append([_POINTS_POSSIBLE, *[""] * (len(keys) - 1), *units.values()])
    return _with_roster(rows, scored, people, keys, units)


def _column(unit: str, header: list[str]) -> str:
    """The other system's name for a unit, `Convolution u05 (4711)`, if it has one."""
    (number, _, _), title = unit.partition("_"), _title(unit)
    for name in header:
        plain = re.sub(r" \(\d+\)$", "", name).strip().casefold()
        if plain in (unit, number, title.casefold()):
            return name
    return unit


def _title(unit: str) -> str:
    return next((u.title for u in syllabus.units() if u.name == unit), unit)


# Moodle


def _moodle(scored: list[Scored], roster: Path | None) -> tuple[list[Row], list[str]]:
    units = _units(scored)
    columns = [
        text for unit in units for text in (f"{unit} (Real)", f"{unit} (Feedback)")
    ]
    if roster is None:
        rows: list[Row] = [["Username", *columns]]
        for student in students(one.graded for one in scored):
            points = _points(scored, student, units)
            rows.append([student, *_with_words(scored, student, units, points)])
        return rows, ["Map Username to “username”, or give --roster."]
    header, people = _read(roster, ())
    keys = [k for k in header if k.casefold() in _MOODLE]
    if not keys:
        raise BadRoster(
            f"{roster} has none of Moodle's columns of people: {', '.join(_MOODLE)}."
        )
    rows = [[*keys, *columns]]
    return _with_roster(rows, scored, people, keys, units, _with_words)


_MOODLE = (
    "first name",
    "last name",
    "surname",
    "full name",
    "id number",
    "username",
    "email address",
)


def _with_words(
    scored: list[Scored], student: str, units: dict[str, float], points: Row
) -> Row:
    """Grade and feedback in turns: Moodle overwrites both when it imports one."""
    row: Row = []
    for unit, earned in zip(units, points, strict=True):
        said = [
            f"{one.graded.name}: {one.points:g} of {one.graded.max_points:g}"
            + (f" ({one.penalty.note})" if one.penalty.note else "")
            for one in scored
            if one.graded.student == student and one.graded.unit == unit
        ]
        row += [earned, "; ".join(said)]
    return row


# Gradescope


def _gradescope(
    scored: list[Scored], roster: Path | None
) -> tuple[list[Row], list[str]]:
    """The columns of Gradescope's own download of grades.

    It publishes no description of them; programs that read such downloads agree on
    these, in this order, four for each assignment.
    """
    units = _units(scored)
    header = ["First Name", "Last Name", "SID", "Email", "Sections"]
    for unit in units:
        header += [unit, f"{unit} - Max Points", f"{unit} - Submission Time"]
        header += [f"{unit} - Lateness (H:M:S)"]
    rows: list[Row] = [[*header, "Total Lateness (H:M:S)"]]
    for student in students(one.graded for one in scored):
        mine = [one for one in scored if one.graded.student == student]
        first, _, last = student.partition(" ")
        email = student if "@" in student[1:] else ""
        row: Row = [first, last, student, email, ""]
        total = timedelta()
        for unit, most in units.items():
            of_unit = [one for one in mine if one.graded.unit == unit]
            times = [o.graded.submitted_at for o in of_unit if o.graded.submitted_at]
            late = max(
                (o.penalty.late or timedelta() for o in of_unit), default=timedelta()
            )
            total += late
            (points,) = _points(scored, student, {unit: most})
            at = f"{max(times):%Y-%m-%d %H:%M:%S %z}" if times else ""
            row += [points, most, at, _clock(late) if of_unit else ""]
        rows.append([*row, _clock(total)])
    return rows, []


def _clock(late: timedelta) -> str:
    minutes, seconds = divmod(int(late.total_seconds()), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


# What they have in common


def _units(scored: list[Scored]) -> dict[str, float]:
    """Units → the points of those of their exercises that were graded."""
    exercises = {one.graded.exercise: one.graded for one in scored}
    units: dict[str, float] = {}
    for graded in exercises.values():
        units[graded.unit] = units.get(graded.unit, 0) + graded.max_points
    return units


def _points(scored: list[Scored], student: str, units: dict[str, float]) -> Row:
    """A student's points, one number a unit; '' where nothing was handed in."""
    row: Row = []
    for unit in units:
        mine = [
            one.points
            for one in scored
            if one.graded.student == student and one.graded.unit == unit
        ]
        row.append(round(sum(mine), 4) if mine else "")
    return row


def _read(path: Path, needed: tuple[str, ...]) -> tuple[list[str], list[dict]]:
    """A table's header and its rows."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRoster(f"{path} is not UTF-8 text ({error}).") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    header = list(reader.fieldnames or [])
    lacking = [name for name in needed if name not in header]
    if not header or lacking:
        raise BadRoster(f"{path} has no column {', '.join(lacking) or 'at all'}.")
    return header, list(reader)


def _with_roster(
    rows: list[Row],
    scored: list[Scored],
    people: list[dict],
    keys: list[str],
    units: dict[str, float],
    finished: Callable[..., Row] = lambda scored, student, units, points: points,
) -> tuple[list[Row], list[str]]:
    """Appends everybody on the roster, and says who on it is not to be found."""
    notes = []
    whose: dict[int, str] = {}
    for student in students(one.graded for one in scored):
        matches = [n for n, row in enumerate(people) if _is(student, row, keys)]
        if len(matches) != 1:
            found = "is not on the roster" if not matches else "is there more than once"
            notes.append(f"{student} {found}: their points are not in the table.")
        elif matches[0] in whose:
            notes.append(f"{student} and {whose[matches[0]]} are one on the roster.")
        else:
            whose[matches[0]] = student
    for number, person in enumerate(people):
        points: Row = [""] * (len(rows[0]) - len(keys))
        if number in whose:
            earned = _points(scored, whose[number], units)
            points = finished(scored, whose[number], units, earned)
        rows.append([*(person[key] for key in keys), *points])
    return rows, notes


def _is(student: str, person: dict, keys: list[str]) -> bool:
    """Whether a row of the roster is that student: by a number, a login, or the name."""
    wanted = student.casefold()
    if person.get("ID") and wanted.rpartition("_")[2] == str(person["ID"]):
        return True  # as Canvas names what it lets one download: doejane_12345
    if any(str(person[key] or "").casefold() == wanted for key in keys):
        return True
    whole = [person[key] for key in keys if key in ("Student", "Full name")]
    parts = " ".join(person[key] for key in keys if key.casefold() in _NAMES)
    return any(name and _words(name) == _words(student) for name in (*whole, parts))


_NAMES = ("first name", "last name", "surname")


def _words(text: str) -> list[str]:
    """`Müller, Lena` and `lena-muller` are the same words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return sorted(re.findall(r"[^\W_]+", letters)) or [text]


KINDS = {
    "canvas": _canvas,
    "moodle": _moodle,
    "csv": _plain,
    "gradescope": _gradescope,
}
