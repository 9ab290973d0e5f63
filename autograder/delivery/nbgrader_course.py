"""`layerwise release nbgrader`: a course folder from which nbgrader's commands work."""

import re
import shutil
from pathlib import Path

import nbformat

from autograder.delivery import notebooks
from course.syllabus import Unit

_TEMPLATES = Path(__file__).with_name("templates")
_PICTURES = ("*.svg", "*.png")


class NoCourse(ValueError):
    """The folder can't become a course; the message says why."""


def write(out: Path, root: Path, units: list[Unit]) -> list[Path]:
    """Writes nbgrader_config.py and `source/<unit>/<unit>.ipynb`.

    What nbgrader has made there already, the gradebook above all, stays; so does an
    nbgrader_config.py that is there.

    Args:
        out: The course folder; made if it is missing. Its name is the course's.
        root: The project folder.
        units: Which.

    Returns:
        The notebooks.

    Raises:
        NoCourse: If the folder's name is none that nbgrader can use.
    """
    name = out.resolve().name
    if not re.fullmatch(r"[\w.-]+", name):
        raise NoCourse(
            f"{name!r} can't be a course's name: use letters, digits, dots and dashes."
        )
    out.mkdir(parents=True, exist_ok=True)
    config = out / "nbgrader_config.py"
    if not config.exists():
        text = (_TEMPLATES / "nbgrader_config.py.txt").read_text(encoding="utf-8")
        config.write_text(text.replace("{{ course_id }}", name), encoding="utf-8")
    return [_write_unit(out / "source" / unit.name, root, unit) for unit in units]


def _write_unit(folder: Path, root: Path, unit: Unit) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in _PICTURES:
        for picture in (root / "exercises" / unit.name).glob(pattern):
            shutil.copyfile(picture, folder / picture.name)
    path = folder / f"{unit.name}.ipynb"
    made = notebooks.notebook(unit, root, _points(unit, root))
    nbformat.validate(made)
    nbformat.write(made, path)
    return path


def _points(unit: Unit, root: Path) -> dict[str, float]:
    """What the checks of each exercise are worth, public and hidden."""
    from autograder.grading.checks import CheckSuite, points

    return {
        exercise.id: sum(points(item) for item in CheckSuite(exercise, root).items)
        for exercise in unit.exercises
    }
