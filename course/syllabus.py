"""The syllabus: units and exercises in their order, read from `syllabus.toml`."""

import difflib
import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path


class UnknownName(LookupError):
    """A name that is no exercise and no unit; the message gives the nearest ones."""


@dataclass(frozen=True)
class Exercise:
    """One file a student completes.

    Attributes:
        unit: The unit's name, `u05_convolution`.
        name: The file's name without `.py`, `conv2d`.
        title: What it is, in a few words.
        names: The classes and functions that the file defines.
        needs: Exercises that are better done first, as `unit/name`.
        difficulty: 1 to 5.
        minutes: What a student should plan for.
        may_use: `numpy` (arrays are handed over as NumPy arrays) or `keras`
            (as tensors of the backend).
        imports: The top-level modules that may be imported.
        forbidden: Dotted names that may not be used, in source or at run time.
        solution_shipped: Whether `layerwise solution` may show it once it passes.
    """

    unit: str
    name: str
    title: str
    names: tuple[str, ...]
    needs: tuple[str, ...]
    difficulty: int
    minutes: int
    may_use: str
    imports: tuple[str, ...]
    forbidden: tuple[str, ...]
    solution_shipped: bool

    @property
    def id(self) -> str:
        """`u05_convolution/conv2d`."""
        return f"{self.unit}/{self.name}"

    @property
    def path(self) -> Path:
        """`u05_convolution/conv2d.py`, relative to exercises/ or solutions/."""
        return Path(self.unit, f"{self.name}.py")


@dataclass(frozen=True)
class Unit:
    """A folder of exercises with one lesson."""

    name: str
    title: str
    exercises: tuple[Exercise, ...]

    @property
    def number(self) -> str:
        """`u05`."""
        return self.name.split("_", 1)[0]


@functools.cache
def units() -> tuple[Unit, ...]:
    """All units, in the order they are taught."""
    text = Path(__file__).with_name("syllabus.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return tuple(_unit(entry, table["may_use"]) for entry in table["unit"])


def _unit(entry: dict, palettes: dict) -> Unit:
    exercises = []
    for row in entry["exercise"]:
        palette = palettes[row["may_use"]]
        exercises.append(
            Exercise(
                unit=entry["name"],
                name=row["name"],
                title=row["title"],
                names=tuple(row["names"]),
                needs=tuple(row.get("needs", ())),
                difficulty=row["difficulty"],
                minutes=row["minutes"],
                may_use=row["may_use"],
                imports=tuple(palette["imports"]) + tuple(row.get("imports", ())),
                forbidden=tuple(palette["forbidden"]) + tuple(row.get("forbidden", ())),
                solution_shipped=row.get("solution_shipped", True),
            )
        )
    return Unit(entry["name"], entry["title"], tuple(exercises))


def exercises() -> tuple[Exercise, ...]:
    """All exercises, in order."""
    return tuple(exercise for unit in units() for exercise in unit.exercises)


def find(text: str) -> tuple[Exercise, ...]:
    """The exercises that `text` names: one exercise, or a unit's.

    Understood: `conv2d`, `u05/conv2d`, `u05_convolution/conv2d`, `u05`,
    `u05_convolution`, and paths such as `exercises/u05_convolution/conv2d.py`.

    Raises:
        UnknownName: If nothing is called so, or if more than one exercise is.
    """
    wanted = text.strip().replace("\\", "/").removesuffix(".py").strip("/")
    folder, _, name = wanted.rpartition("/")
    folder = folder.rpartition("/")[2]
    for unit in units():
        if not folder.startswith("u") and name in (unit.name, unit.number):
            return unit.exercises
    found = [
        exercise
        for unit in units()
        for exercise in unit.exercises
        if exercise.name == name and folder in ("", ".", unit.name, unit.number)
    ]
    if not found and folder:  # a path from anywhere: exercises/../conv2d.py
        found = [e for e in exercises() if e.name == name and not _is_unit(folder)]
    if len(found) == 1:
        return tuple(found)
    if found:
        choices = " or ".join(exercise.id for exercise in found)
        raise UnknownName(
            f"{text} is the name of {len(found)} exercises: say {choices}."
        )
    raise UnknownName(f"There is no exercise or unit called {text}.{_nearest(name)}")


def _is_unit(folder: str) -> bool:
    return any(folder in (unit.name, unit.number) for unit in units())


def _nearest(name: str) -> str:
    known = {exercise.name for exercise in exercises()}
    known |= {unit.name for unit in units()}
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    if close:
        return f" Did you mean {', '.join(close)}?"
    return " See them all with: layerwise list"
