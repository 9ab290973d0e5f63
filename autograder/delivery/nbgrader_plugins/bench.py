"""The engine and a sandbox, for all submissions of one `nbgrader autograde`."""

import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.delivery import seeds
from autograder.grading import places
from autograder.grading.transport import TemplateFailed
from course.cli.backends import backend
from course.syllabus import Exercise

if TYPE_CHECKING:
    from autograder.delivery.nbgrader_plugins.judging import Judge

ROOT = Path(__file__).resolve().parents[3]
RECORDS = "records.jsonl"  # in the course folder
_LARGEST = 2**20  # bytes of an answer


class Bench:
    """The engine and a sandbox, for all submissions of one `nbgrader autograde`.

    Args:
        settings: Whose traits say how.
        course: The course folder.
    """

    def __init__(self, settings: "Judge", course: Path):
        os.environ["KERAS_BACKEND"] = settings.backend or backend()
        os.environ["LAYERWISE_PARTS"] = "keras"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        from autograder.sandbox.backend import settle

        name = settle()
        from autograder.grading.engine import Engine

        self.isolation = settings.isolation
        self.place = places.workers(self.isolation, name)
        self.engine = Engine(ROOT, secret=seeds.secret(ROOT), seconds=settings.seconds)
        self._records = course / RECORDS

    def judge(
        self, exercise: Exercise, text: str, problem: str
    ) -> tuple[dict[str, Any], list[Any]]:
        """Judges one answer.

        Args:
            exercise: What it answers.
            text: The solution cell's text.
            problem: Why it can't be judged, or ''.

        Returns:
            The record, and the outcomes, one a check.
        """
        from autograder.grading import records, submission
        from autograder.grading.engine import Result

        name = f"{exercise.name}.py"
        data = f"{text}\n".encode()
        if len(data) > _LARGEST:
            problem = f"The cell is larger than {_LARGEST // 2**20} MiB."
        try:
            source = "" if problem else submission.decode(data, name, exercise.id)
        except submission.UnreadableSubmission as error:
            source, problem = "", str(error)
        read = submission.Submission(exercise, source, name)
        if problem:
            result = Result(read, list(self._all_failed(exercise, problem)))
        else:
            result = self.engine.judge(read, self.place)
        entry = records.record(result, self.engine, self.isolation)
        return entry, result.outcomes

    def _all_failed(self, exercise: Exercise, problem: str) -> Iterator[Any]:
        from autograder.grading.checks import points, title
        from autograder.grading.outcome import Outcome

        suite = self.engine.suite(exercise)
        for item in suite.items:
            yield Outcome(
                check=item.name,
                title=title(item.name),
                scope=suite.scope(item),
                points=0.0,
                max_points=points(item),
                category="missing_name",
                message=problem,
            )

    def note(self, entry: dict[str, Any]) -> None:
        """Adds a record to the course's."""
        from autograder.grading import records

        records.append(self._records, entry)


_BENCHES: "weakref.WeakKeyDictionary[Any, Bench | Exception]"
_BENCHES = weakref.WeakKeyDictionary()


def bench_of(converter: Any, settings: "Judge") -> Bench:
    """The bench of one run of `nbgrader autograde`; it ends with the run.

    Raises:
        CannotIsolate, TemplateFailed: If there is no sandbox, for each submission again
            without another try: none of them is graded.
    """
    if converter not in _BENCHES:
        try:
            bench = Bench(settings, Path(converter.coursedir.root))
        except (places.CannotIsolate, TemplateFailed) as error:
            _BENCHES[converter] = error
        else:
            weakref.finalize(converter, bench.place.close)
            _BENCHES[converter] = bench
    found = _BENCHES[converter]
    if isinstance(found, Exception):
        raise found
    return found
