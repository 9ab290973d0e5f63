"""A unit as a notebook, and a completed notebook as the same files again.

A notebook is a view: its lesson is the unit's README.md, each solution cell holds the
text of one exercise file, each test cell asks for that file's checks. Cells are known
by nbgrader's `grade_id`, which says what they are:

    u05-lesson-03        a piece of the lesson, read-only
    u05-conv2d           the file exercises/u05_convolution/conv2d.py
    u05-conv2d-checks    its checks, autograded
    u05-answer           an answer in words, graded by hand
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4
from nbformat.notebooknode import NotebookNode

from course import syllabus
from course.syllabus import Exercise, Unit

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
ANSWER_POINTS = 5.0
MAX_NOTEBOOK = 20 * 2**20  # bytes

_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_QUESTION = (
    "## In your own words\n\n"
    "Choose one of the experiments under “What to try”. Write down what you expected "
    "before you ran it, what happened, and why: five to ten sentences, with the numbers "
    "that you saw. Somebody reads this."
)
_PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(?=## )", re.MULTILINE)
_MAGIC = re.compile(r"\A%%check\b[^\n]*")


class UnreadableNotebook(Exception):
    """The file is no notebook; the message says what to do."""


@dataclass(frozen=True)
class Answer:
    """What a completed notebook holds for one exercise.

    Attributes:
        exercise: Which.
        text: The file's text; '' if there is a problem.
        problem: Why there is no text, a sentence; '' if there is one.
    """

    exercise: Exercise
    text: str
    problem: str = ""


# What cells are called


def solution_id(exercise: Exercise) -> str:
    """The grade_id of an exercise's solution cell, `u05-conv2d`."""
    return f"{exercise.unit.split('_', 1)[0]}-{exercise.name}"


def checks_id(exercise: Exercise) -> str:
    """The grade_id of its test cell, which carries the points."""
    return f"{solution_id(exercise)}-checks"


def answer_id(unit: Unit) -> str:
    """The grade_id of the answer in words."""
    return f"{unit.number}-answer"


def is_lesson(grade_id: str) -> bool:
    """Whether a cell of that name is a piece of the lesson."""
    return "-lesson-" in grade_id


# From files to a notebook


def notebook(unit: Unit, root: Path, points: dict[str, float]) -> NotebookNode:
    """The instructor's notebook of a unit: with solutions and hidden tests.

    Args:
        unit: Which.
        root: The project folder.
        points: What the checks of each exercise are worth, by the exercise's id.
    """
    lesson = root / "exercises" / unit.name / "README.md"
    cells = list(_lesson(lesson.read_text(encoding="utf-8"), unit))
    for exercise in unit.exercises:
        cells += _exercise(exercise, root, points[exercise.id])
    cells += _question(unit)
    return v4.new_notebook(cells=cells, metadata={"kernelspec": dict(_KERNEL)})


def _lesson(text: str, unit: Unit) -> Iterator[NotebookNode]:
    """A cell a section, and one for each block of Python within."""
    number = 0
    for index, piece in enumerate(_PYTHON_BLOCK.split(text)):
        make = v4.new_code_cell if index % 2 else v4.new_markdown_cell
        for section in [piece] if index % 2 else _HEADING.split(piece):
            if section.strip():
                number += 1
                yield _read_only(make, section, f"{unit.number}-lesson-{number:02}")


def _exercise(exercise: Exercise, root: Path, points: float) -> list[NotebookNode]:
    solution = (root / "solutions" / exercise.path).read_text(encoding="utf-8")
    name = solution_id(exercise)
    heading = (
        f"## {exercise.title}\n\n"
        f"The next cell is the file `{exercise.path.as_posix()}`, about "
        f"{exercise.minutes} minutes of work. It is graded by itself: keep its imports, "
        "and keep helpers in it. Run it, then the cell of checks below it."
    )
    return [
        _read_only(v4.new_markdown_cell, heading, f"{name}-task"),
        _cell(v4.new_code_cell, solution, name, solution=True),
        _cell(
            v4.new_code_cell,
            checks_source(exercise, root, points),
            checks_id(exercise),
            grade=True,
            locked=True,
            points=points,
        ),
    ]


def checks_source(exercise: Exercise, root: Path, points: float) -> str:
    """The text of a test cell: a call for students, the hidden checks for the rest."""
    short = f"{exercise.unit.split('_', 1)[0]}/{exercise.name}"
    lines = [
        f"# Checks of {exercise.name}: {points:g} points. Run the cell above first.",
        "from course import check_cell",
        "",
        f'check_cell("{short}")',
    ]
    hidden = root / "autograder/hidden" / exercise.unit / f"test_{exercise.name}.py"
    if hidden.exists():
        text = hidden.read_text(encoding="utf-8").rstrip("\n")
        lines += [BEGIN_HIDDEN, text, END_HIDDEN]
    return "\n".join(lines)


def _question(unit: Unit) -> list[NotebookNode]:
    answer = _cell(
        v4.new_markdown_cell,
        "An answer names an expectation, numbers, and a reason that fits both.",
        answer_id(unit),
        grade=True,
        solution=True,
        points=ANSWER_POINTS,
    )
    question = f"{unit.number}-question"
    return [_read_only(v4.new_markdown_cell, _QUESTION, question), answer]


def _read_only(make: Any, source: str, grade_id: str) -> NotebookNode:
    return _cell(make, source, grade_id, locked=True)


def _cell(make: Any, source: str, grade_id: str, **tags: Any) -> NotebookNode:
    cell = make(source=source.strip("\n"), id=grade_id)
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        "cell_type": cell.cell_type,
        **tags,
    }
    return cell


# From a notebook to files


def read(path: Path) -> NotebookNode:
    """Reads somebody's notebook with care.

    Raises:
        UnreadableNotebook: If it is no plain file, too large, or no notebook.
    """
    if path.is_symlink() or not path.is_file():
        raise UnreadableNotebook(f"{path.name} is not a plain file.")
    with open(path, "rb") as file:
        data = file.read(MAX_NOTEBOOK + 1)
    if len(data) > MAX_NOTEBOOK:
        raise UnreadableNotebook(
            f"{path.name} is larger than {MAX_NOTEBOOK // 2**20} MiB. Clear its outputs "
            "and hand it in again."
        )
    try:
        found = nbformat.reads(data.decode("utf-8"), as_version=4)
        cells = list(found.cells)
    except Exception as error:  # whatever it makes nbformat do, it is no notebook
        raise UnreadableNotebook(
            f"{path.name} can't be read as a notebook ({type(error).__name__}). Open it "
            "in Jupyter, save it there, and hand it in again."
        ) from error
    found.cells = [cell for cell in cells if isinstance(cell, dict)]
    return found


def answers(found: NotebookNode, unit: Unit) -> list[Answer]:
    """What a notebook holds for each exercise of a unit, or why it holds nothing."""
    return [answer(found, exercise) for exercise in unit.exercises]


def answer(found: NotebookNode, exercise: Exercise) -> Answer:
    """What a notebook holds for one exercise, or why it holds nothing."""
    name = solution_id(exercise)
    cells = [cell for cell in found.cells if grade_id_of(cell) == name]
    texts = {text_of(cell) for cell in cells}
    if not cells:
        problem = (
            f"The notebook has no cell {name}: it was deleted, or its nbgrader settings "
            "were. Move your code into that cell of a fresh copy of the notebook."
        )
    elif any(cell.get("cell_type") != "code" for cell in cells):
        problem = f"The cell {name} is no code cell any more: make it one again."
    elif len(texts) > 1:
        problem = (
            f"{len(cells)} cells are called {name}, and they differ: keep the one that "
            "is to be graded. (Copying a cell copies its nbgrader settings.)"
        )
    else:
        return Answer(exercise, f"{texts.pop()}\n")
    return Answer(exercise, "", problem)


def sources(found: NotebookNode) -> dict[str, str]:
    """The exercise files that a completed notebook holds, by the exercise's id."""
    names = {grade_id_of(cell) for cell in found.cells}
    units = [u for u in syllabus.units() if names & set(map(solution_id, u.exercises))]
    given = (one for unit in units for one in answers(found, unit))
    return {a.exercise.id: a.text for a in given if not a.problem}


def grade_id_of(cell: Any) -> str:
    """A cell's grade_id, or ''; its metadata may be anything."""
    metadata = cell.get("metadata")
    settings = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    found = settings.get("grade_id") if isinstance(settings, dict) else None
    return found if isinstance(found, str) else ""


def text_of(cell: Any) -> str:
    """A cell's text; a `%%check` above it is the notebook's, not the file's."""
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return _MAGIC.sub("", text).rstrip("\n")
