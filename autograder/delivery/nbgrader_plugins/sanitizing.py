"""`nbgrader autograde`, first half: the instructor's notebook with the student's answers.

Nothing of a submission decides how it is graded. The cells, their order, their tags and
metadata are those of the released notebook, as the gradebook has them; from the student
come the texts of the cells that were theirs to fill, and cells they added, as plain text.
The lesson is left out: whoever reads a graded notebook has it already.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import v4
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook, Notebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.delivery import notebooks
from autograder.delivery.notebooks import UnreadableNotebook, grade_id_of, text_of
from course import syllabus

PROBLEMS = "layerwise_problems"  # in the notebook's metadata, from here to the judge
_IMAGES = ("image/png", "image/jpeg", "image/gif")


class CarefulReader(NotebookExporter):
    """Reads what students hand in; a file that is no notebook counts as an empty one."""

    def from_filename(
        self, filename: str, resources: Any = None, **extra: Any
    ) -> tuple[Any, Any]:
        path, name = os.path.split(filename)
        metadata = {"name": os.path.splitext(name)[0], "path": path}
        resources = {**(resources or {}), "metadata": metadata}
        try:
            found = notebooks.read(notebooks.Path(filename))
        except UnreadableNotebook as error:
            self.log.warning("%s: %s", filename, error)
            found = v4.new_notebook()
            resources["unreadable"] = str(error)
        return self.from_notebook_node(found, resources=resources, **extra)


class Rebuild(NbGraderPreprocessor):
    """Puts a submission's answers into the notebook that was released."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as book:
            master = book.find_notebook(names["notebook"], names["assignment"])
            cells = list(_rebuilt(master, nb.cells))
            kernel = json.loads(master.kernelspec or "null") or {}
        problems = _problems(nb, [grade_id_of(cell) for cell in cells])
        if resources.get("unreadable"):
            problems = dict.fromkeys(problems, resources["unreadable"])
        for name, problem in problems.items():
            if problem:
                self.log.warning("%s, %s: %s", names["student"], name, problem)
        metadata = {"kernelspec": kernel, PROBLEMS: problems}
        return v4.new_notebook(cells=cells, metadata=metadata), resources


def _problems(nb: Any, ids: list[str]) -> dict[str, str]:
    """Exercises of the notebook → why their answer can't be graded, or ''."""
    return {
        answer.exercise.id: answer.problem
        for unit in syllabus.units()
        for answer in notebooks.answers(nb, unit)
        if notebooks.checks_id(answer.exercise) in ids
    }


def _rebuilt(master: Notebook, submitted: list[Any]) -> Iterator[NotebookNode]:
    """The master's cells in their order, each followed by what the student put there."""
    first, extra = _sorted(submitted, {cell.name for cell in master.source_cells})
    points = {cell.name: cell.max_score for cell in master.grade_cells}
    solutions = {cell.name for cell in master.solution_cells}
    yield from _extra(extra.get("", []), "start")
    for source in master.source_cells:
        if not notebooks.is_lesson(source.name):
            cell = _bare(source.cell_type, source.source, source.name)
            cell.metadata = _metadata(source, points, solutions)
            if source.name in solutions and source.name in first:
                _fill(cell, first[source.name])
            yield cell
        yield from _extra(extra.get(source.name, []), source.name)


def _fill(cell: NotebookNode, given: Any) -> None:
    """Takes the student's text over, and the pictures in an answer in words."""
    cell.source = _clean(text_of(given))
    if cell.cell_type == "markdown":
        cell.attachments = _pictures(given)


def _sorted(
    submitted: list[Any], known: set[str]
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Each known cell's first copy; all other cells, by the known one before them."""
    first: dict[str, Any] = {}
    extra: dict[str, list[Any]] = {}
    before = ""
    for cell in submitted:
        name = grade_id_of(cell)
        if name in known and name not in first:
            first[name], before = cell, name
        else:
            extra.setdefault(before, []).append(cell)
    return first, extra


def _metadata(source: Any, points: dict[str, float], solutions: set[str]) -> dict:
    solution, graded = source.name in solutions, source.name in points
    settings = {
        "schema_version": 3,
        "grade_id": source.name,
        "grade": graded,
        "solution": solution,
        "locked": source.locked,
        "task": False,
        "cell_type": source.cell_type,
        "checksum": source.checksum,
    }
    if graded:
        settings["points"] = points[source.name]
    return {"deletable": False, "editable": solution, "nbgrader": settings}


def _extra(cells: list[Any], after: str) -> Iterator[NotebookNode]:
    """Cells that a student added: without tags, metadata and outputs."""
    for number, cell in enumerate(cells, start=1):
        kind = "code" if cell.get("cell_type") == "code" else "markdown"
        yield _bare(kind, _clean(text_of(cell)), f"{after[:40]}-extra-{number}")


def _bare(kind: str, source: str, cell_id: str) -> NotebookNode:
    make = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
    return make(source=source, id=cell_id[:64])


def _clean(text: str) -> str:
    """The text as far as a file can hold it: a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _pictures(cell: Any) -> dict[str, dict[str, str]]:
    """What was pasted into an answer in words, as far as it is pictures."""
    found = cell.get("attachments")
    kept: dict[str, dict[str, str]] = {}
    for name, kinds in found.items() if isinstance(found, dict) else ():
        for kind in _IMAGES:
            data = kinds.get(kind) if isinstance(kinds, dict) else None
            if isinstance(data, str):
                kept[str(name)] = {kind: data}
    return kept
