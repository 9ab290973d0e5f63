"""`nbgrader autograde` and `generate_feedback`: what late work costs, by the policy file.

When a submission came is what the gradebook says, which is the time that `collect`
trusts: see `collecting`. Penalties are worked out twice, since the second time somebody
may have graded the answers in words.
"""

import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Unicode

from autograder.delivery import policy
from autograder.delivery.notebooks import checks_id
from course import syllabus


class LateWork(AssignLatePenalties):
    """Enters the policy's due date into the gradebook, then lets nbgrader do the rest."""

    policy = Unicode(
        "", help="The policy file, in the course folder; '' for no penalties."
    ).tag(config=True)

    def __init__(self, **kwargs: Any):
        super().__init__(plugin_class=ByPolicy, **kwargs)
        # Read before anything is judged, so that a mistake in it costs no score.
        course = Path(self.parent.parent.coursedir.root)
        self.rules = policy.Policy()
        if self.policy:
            self.rules = policy.load(course / self.policy)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as book:
            submission = book.find_submission(names["assignment"], names["student"])
            known = self._enter_due_date(submission.assignment)
            book.db.commit()
            if known and submission.timestamp is None:
                self.log.warning(
                    "When %s handed in is not known: no late penalty.",
                    names["student"],
                )
        return super().preprocess(nb, resources)

    def _enter_due_date(self, assignment: Assignment) -> bool:
        """The first date on which something of the unit is due; whether there is one.

        One that was entered in formgrader stays where the policy names none.
        """
        due = [
            moment
            for name, moment in self.rules.due.items()
            if name.partition("/")[0] == assignment.name
        ]
        if due:
            assignment.duedate = min(due).astimezone(datetime.UTC).replace(tzinfo=None)
        return bool(due)


class ByPolicy(LateSubmissionPlugin):
    """What a late notebook loses; nbgrader asks it for those past the due date."""

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points that the policy takes off, each exercise by its own due date.

        An extension that was granted in nbgrader counts as if all of the unit were due
        that much later.
        """
        late: LateWork = self.parent
        unit = str(late.assignment_id)
        submission = late.gradebook.find_submission(unit, student_id)
        arrived = submission.timestamp.replace(tzinfo=datetime.UTC)
        arrived -= submission.extension or datetime.timedelta()
        notebook = late.gradebook.find_submission_notebook(
            late.notebook_id, unit, student_id
        )
        exercises = {checks_id(e): e.id for e in syllabus.exercises() if e.unit == unit}
        lost = 0.0
        for grade in notebook.grades:
            penalty = late.rules.penalty(exercises.get(grade.name) or unit, arrived)
            lost += grade.score - penalty.of(grade.score)
        return round(lost, 4) or None
