"""Finds what was handed in: folders, zips, downloads of Canvas and Moodle, git clones.

Nothing found is run or believed. Links, pipes and devices are neither followed nor
opened; names of students and files may be anything.
"""

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.delivery import layouts, notebooks, unzipping
from autograder.grading.submission import MAX_SOURCE
from course import syllabus
from course.syllabus import Exercise

_IGNORED = frozenset(
    ".git .hg .svn .venv venv .layerwise .ipynb_checkpoints __pycache__ __MACOSX "
    "node_modules site-packages solutions autograder tests".split()
)
_ZIPS_IN_ZIPS = 3  # levels that are unpacked
_UNITS = {name for unit in syllabus.units() for name in (unit.name, unit.number)}


class NothingToGrade(Exception):
    """A place holds nothing that can be graded; the message says what was expected."""


@dataclass(frozen=True)
class Handed:
    """One student's answer to one exercise.

    Attributes:
        student: Who, unique in the class.
        exercise: Which.
        path: Where it was found, for people to read.
        file: Where its text is.
        copy: Which upload it is, where the platform counts them.
        submitted_at: When, ISO 8601 with a zone; None if nobody trustworthy says so.
        problem: Why it can't be judged, a sentence; '' if it can.
    """

    student: str
    exercise: Exercise
    path: str
    file: Path
    copy: int = 0
    submitted_at: str | None = None
    problem: str = ""


@dataclass
class Collected:
    """What was found.

    Attributes:
        handed: One for each student and exercise, in the order of the folders.
        problems: Sentences about what was left out.
    """

    handed: list[Handed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def collect(
    places: Iterable[Path], only: Collection[Exercise], scratch: Path
) -> Collected:
    """Looks through files, folders and zips.

    Args:
        places: What the instructor named.
        only: The exercises that are wanted. If it is a single one, a file that is named
            here may be called anything.
        scratch: An empty folder for what has to be unpacked, to be kept while grading.

    Raises:
        NothingToGrade: If a place isn't there or holds no exercise of these.
    """
    collector = _Collector(only, scratch)
    for place in places:
        collector.look_at(place)
    found = [
        replace(one, student=_readable(one.student), path=_readable(one.path))
        for one in collector.found
    ]
    problems = [_readable(problem) for problem in collector.unpacked.problems]
    return Collected(list(_one_each(found)), problems)


def _readable(name: str) -> str:
    """A name whose bytes are no UTF-8, so that every file and database takes it."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class _File:
    """A plain file: where it is, and its path within its place."""

    file: Path
    inside: Path
    shown: str


class _Collector:
    def __init__(self, only: Collection[Exercise], scratch: Path):
        self.only, self.scratch = list(only), scratch
        self.found: list[Handed] = []
        self.unpacked = unzipping.Unpacked()
        self._folders = 0

    def look_at(self, place: Path) -> None:
        """A file, a folder or a zip that the instructor named; a link is theirs too."""
        path = place.resolve()
        try:
            kind = path.stat().st_mode
        except FileNotFoundError:
            raise NothingToGrade(f"{place} is not there.") from None
        before = len(self.found)
        if stat.S_ISDIR(kind):
            self._class(path, path.name, str(place))
        elif not stat.S_ISREG(kind):
            raise NothingToGrade(f"{place} is neither a file nor a folder.")
        elif place.suffix.lower() == ".zip":
            folder = self._unzipped(path, str(place))
            self._class(_without_wrapping(folder), path.stem, str(place))
        else:
            self._single(path, place)
        if len(self.found) == before:
            raise NothingToGrade(f"{place} holds no exercise file (conv2d.py, …).")

    def _single(self, path: Path, place: Path) -> None:
        platform = layouts.of_canvas(path.name) or layouts.of_moodle(path.name)
        exercise = self._exercise(Path(*path.parts[1:]), platform)
        if path.suffix == ".ipynb":
            student = platform.student if platform else _owner(path)
            self._notebook(student, _File(path, Path(path.name), str(place)))
            return
        if exercise is None and len(self.only) == 1:
            exercise = self.only[0]
        if exercise is None:
            raise NothingToGrade(
                f"{place}: which exercise is it? Name the file after it, or give "
                "--exercise."
            )
        student = _owner(path) if path.stem == exercise.name else path.stem
        student = platform.student if platform else student
        self.found.append(Handed(student, exercise, str(place), path))

    def _class(self, folder: Path, name: str, shown: str) -> None:
        """A folder: of a class, or of one student."""
        mine: dict[str, list[tuple[_File, layouts.Named | None]]] = {}
        people: dict[str, str] = {}
        for one in self._files(folder, shown):
            top = one.inside.parts[0]
            alone = len(one.inside.parts) == 1
            platform = layouts.of_moodle(top)
            if layouts.is_other_kind_of_moodle(top):
                continue
            if platform is None and alone:
                platform = layouts.of_canvas(top)
            if platform is not None:
                student = platform.student
                people[student] = platform.person
            elif alone or top in _UNITS or top == "exercises":
                student = _owner(folder / "x.py") if folder.name == name else name
            else:
                student = top
            mine.setdefault(student, []).append((one, platform if alone else None))
        names = list(people.values())
        for student, files in mine.items():
            person = people.get(student, student)
            known_as = person if names.count(person) == 1 else student
            self._student(known_as, files)

    def _student(
        self, student: str, files: list[tuple[_File, layouts.Named | None]]
    ) -> None:
        # A clone of the course: what is beside exercises/ is not the student's answer.
        course = [f for f in files if "exercises" in f[0].inside.parts[:-1]]
        for one, platform in course or files:
            name = (platform.rest if platform else one.inside.name).lower()
            if name.endswith(".zip"):
                self._nested(student, one, 1)
            elif name.endswith(".ipynb"):
                self._notebook(student, one)
            else:
                self._python(student, one, platform)

    def _nested(self, student: str, one: _File, depth: int) -> None:
        if depth > _ZIPS_IN_ZIPS:
            self.unpacked.problems.append(f"{one.shown}: a zip too deep in others.")
            return
        folder = self._unzipped(one.file, one.shown)
        inner = list(self._files(folder, one.shown))
        for file in inner:
            if file.inside.suffix.lower() == ".zip":
                self._nested(student, file, depth + 1)
        plain = [(f, None) for f in inner if f.inside.suffix.lower() != ".zip"]
        self._student(student, list(plain))

    def _unzipped(self, archive: Path, shown: str) -> Path:
        self._folders += 1
        folder = self.scratch / str(self._folders)
        unzipping.unpack(archive, folder, self.unpacked, shown)
        return folder

    def _python(self, student: str, one: _File, named: layouts.Named | None) -> None:
        try:
            exercise = self._exercise(one.inside, named)
        except NothingToGrade as error:
            self.unpacked.problems.append(f"{one.shown}: {error}")
            return
        if exercise is not None:
            copy = layouts.numbered(Path(named.rest).stem)[1] if named else 0
            self.found.append(Handed(student, exercise, one.shown, one.file, copy))

    def _exercise(self, path: Path, named: layouts.Named | None) -> Exercise | None:
        """The exercise that a file is named after.

        Raises:
            NothingToGrade: If several are called so.
        """
        stem = Path(named.rest if named else path.name).stem
        stems = (stem, layouts.numbered(stem)[0])
        same = [e for e in self.only if e.name in stems]
        unit = [e for e in same if {e.unit, e.unit.split("_")[0]} & set(path.parts)]
        matches = unit or same
        if len(matches) > 1:
            names = " or ".join(exercise.id for exercise in matches)
            raise NothingToGrade(
                f"{stem} may be {names}: which exercise is it? Put it into a folder "
                "named after its unit, or give --unit."
            )
        return matches[0] if matches else None

    def _notebook(self, student: str, one: _File) -> None:
        try:
            found = notebooks.read(one.file)
        except notebooks.UnreadableNotebook as error:
            self.unpacked.problems.append(f"{one.shown}: {error}")
            return
        names = {notebooks.grade_id_of(cell) for cell in found.cells}
        for unit in syllabus.units():
            if not names & set(map(notebooks.solution_id, unit.exercises)):
                continue
            for answer in notebooks.answers(found, unit):
                if answer.exercise in self.only:
                    self._answer(student, one, answer)

    def _answer(self, student: str, one: _File, answer: notebooks.Answer) -> None:
        self._folders += 1
        file = self.scratch / str(self._folders) / answer.exercise.path.name
        file.parent.mkdir()
        file.write_text(answer.text, encoding="utf-8", errors="replace", newline="")
        self.found.append(
            Handed(student, answer.exercise, one.shown, file, problem=answer.problem)
        )

    def _files(self, folder: Path, shown: str) -> Iterator[_File]:
        """The plain files below a folder that may be answers, in order."""
        for where, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if name not in _IGNORED)
            for name in sorted(files):
                if not name.lower().endswith(unzipping.WANTED):
                    continue
                file = Path(where, name)
                inside = file.relative_to(folder)
                if stat.S_ISREG(file.lstat().st_mode):
                    yield _File(file, inside, f"{shown}/{inside}")
                else:
                    self.unpacked.problems.append(
                        f"{shown}/{inside} is a link, a pipe or a device: left out."
                    )


def _owner(path: Path) -> str:
    """Whose a file is: the folder that it, its unit or its exercises/ is in."""
    folders = [p for p in path.parts[1:-1] if p not in _UNITS and p != "exercises"]
    return folders[-1] if folders else path.stem


def _without_wrapping(folder: Path) -> Path:
    """A download often has one folder around everything."""
    inside = list(folder.iterdir())
    if len(inside) != 1 or not inside[0].is_dir():
        return folder
    only = inside[0]
    if only.name in _UNITS or only.name == "exercises" or layouts.of_moodle(only.name):
        return folder
    below = [path.name for path in only.iterdir()]
    known = any(name in _UNITS or name == "exercises" for name in below)
    return folder if known else only


def _one_each(found: list[Handed]) -> Iterator[Handed]:
    """One answer a student and exercise: of several, the platform's last upload."""
    groups: dict[tuple[str, str], list[Handed]] = {}
    for one in found:
        groups.setdefault((one.student, one.exercise.id), []).append(one)
    for group in groups.values():
        last = max(one.copy for one in group)
        newest = [one for one in group if one.copy == last]
        if len({_contents(one) for one in newest}) == 1:
            yield newest[0]
            continue
        names = " and ".join(one.path for one in newest)
        yield replace(
            newest[0],
            problem=f"{names} are all {newest[0].exercise.id} of {newest[0].student}, "
            "and they differ. Nobody trustworthy says which is newer: keep one.",
        )


def _contents(one: Handed) -> str:
    with open(one.file, "rb") as file:
        return hashlib.sha256(file.read(MAX_SOURCE + 1)).hexdigest() + one.problem
