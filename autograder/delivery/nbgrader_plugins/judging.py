"""`nbgrader autograde`, second half: each answer is judged in the sandbox.

No kernel runs. The text of each solution cell goes to the engine, as an exercise file
would; what comes back is written under the test cell in the two forms that nbgrader reads
in one way only: text on stdout, and a float as the cell's result.
"""

import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_grade, is_solution
from traitlets import Enum, Float

from autograder.delivery.for_students import feedback
from autograder.delivery.nbgrader_plugins.bench import bench_of
from autograder.delivery.nbgrader_plugins.outputs import share, write
from autograder.delivery.nbgrader_plugins.sanitizing import PROBLEMS
from autograder.delivery.notebooks import checks_id, grade_id_of, solution_id
from autograder.grading import places
from autograder.grading.outcome import Outcome
from course import syllabus
from course.cli.backends import BACKENDS
from course.syllabus import Exercise

_BY_HAND = "layerwise_by_hand"  # in the resources: cells that somebody has to look at


class Judge(NbGraderPreprocessor):
    """Fills the test cells of one submission."""

    isolation = Enum(
        places.LEVELS,
        places.LEVELS[0],
        help="Where answers run: see docs/sandbox.md. none is for code that you trust.",
    ).tag(config=True)

    backend = Enum(
        ["", *BACKENDS], "", help="Keras's backend; '' for the one it is set to."
    ).tag(config=True)

    seconds = Float(10.0, help="Processor seconds for a check that does not say.").tag(
        config=True
    )

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        converter, names = self.parent.parent, resources["nbgrader"]
        bench, notebook = bench_of(converter, self), _submitted(converter, names)
        whose = {"student": names["student"], "submitted_at": _forget_scores(names)}
        problems = nb.metadata.pop(PROBLEMS, {})
        texts = {grade_id_of(c): c.source for c in nb.cells if is_solution(c)}
        by_hand = resources[_BY_HAND] = set()
        for cell in nb.cells:
            if not is_grade(cell) or is_solution(cell):
                continue
            exercise = _exercise_of(cell)
            if exercise is None:
                write(cell, ["These are no checks of Layerwise's: grade them by hand."])
                by_hand.add(grade_id_of(cell))
                continue
            text = texts.get(solution_id(exercise), "")
            problem = problems.get(exercise.id, "")
            entry = bench.judge(notebook, exercise, text, problem)
            bench.note({**entry, **whose})
            outcomes = [Outcome(**outcome) for outcome in entry["outcomes"]]
            if "grader_error" in {entry["category"], *(o.category for o in outcomes)}:
                by_hand.add(grade_id_of(cell))
            most = float(cell.metadata.nbgrader["points"])
            if outcomes:
                lines = feedback(exercise, outcomes)
            else:  # nothing was run
                lines = [
                    f"{exercise.name}: 0 of {most:g} points.",
                    entry["explanation"],
                ]
            write(cell, lines, share(outcomes) * most, most)
        return nb, resources


class SaveGrades(SaveAutoGrades):
    """Saves scores; what the grader itself could not judge waits for a person."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        super()._add_score(cell, resources)
        name = grade_id_of(cell)
        if name in resources.get(_BY_HAND, ()):
            grade = self.gradebook.find_grade(
                name, self.notebook_id, self.assignment_id, self.student_id
            )
            grade.needs_manual_grade = True
            self.gradebook.db.commit()


def _submitted(converter: Any, names: dict[str, str]) -> Path:
    """The notebook as it was handed in."""
    course = converter.coursedir
    folder = course.format_path(
        course.submitted_directory, names["student"], names["assignment"]
    )
    return Path(folder, f"{names['notebook']}.ipynb")


def _exercise_of(cell: Any) -> Exercise | None:
    known = {checks_id(exercise): exercise for exercise in syllabus.exercises()}
    return known.get(grade_id_of(cell))


def _forget_scores(names: dict[str, str]) -> str | None:
    """Clears a submission's automatic scores, so that none outlives what it was for.

    Returns:
        When it was handed in, if the gradebook knows.
    """
    with Gradebook(names["db_url"]) as book:
        found = book.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        for grade in found.grades:
            grade.auto_score = None
            grade.needs_manual_grade = True
        timestamp = found.assignment.timestamp
        book.db.commit()
    return timestamp.replace(tzinfo=datetime.UTC).isoformat() if timestamp else None
