"""`nbgrader export`: grades as CSV that every reader parses and no spreadsheet runs."""

from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from autograder.delivery.exports import table

COLUMNS = (
    "assignment duedate timestamp student_id last_name first_name email raw_score "
    "late_submission_penalty score max_score"
).split()


class SafeCsv(ExportPlugin):
    """The columns of nbgrader's own exporter, quoted and without formulas."""

    def export(self, gradebook: Gradebook) -> None:
        to = self.to or "grades.csv"
        students = {str(name) for name in self.student}
        assignments = {str(name) for name in self.assignment}
        rows = [
            _row(gradebook, assignment, student)
            for assignment in gradebook.assignments
            if not assignments or assignment.name in assignments
            for student in gradebook.students
            if not students or student.id in students
        ]
        Path(to).write_text(table([COLUMNS, *rows]), encoding="utf-8", newline="")
        self.log.info("Grades exported to %s", to)


def _row(gradebook: Gradebook, assignment: Any, student: Any) -> list[Any]:
    timestamp, raw, penalty = "", 0.0, 0.0
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        pass  # nothing handed in: no points
    else:
        timestamp = str(submission.timestamp or "")
        raw, penalty = submission.score, submission.late_submission_penalty
    names = (student.id, student.last_name, student.first_name, student.email)
    return [
        assignment.name,
        str(assignment.duedate or ""),
        timestamp,
        *(name or "" for name in names),
        raw,
        penalty,
        max(0.0, raw - penalty),
        assignment.max_score,
    ]
