"""Judges a submission: source analysis, checks, explanations, score."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.grading import forbidden, syntax
from autograder.grading.checks import CheckSuite, points, title
from autograder.grading.current import PUBLIC_INPUTS, PUBLIC_SECRET, Run
from autograder.grading.fingerprints import FOLDER, Fingerprints, path_of
from autograder.grading.mistakes import Catalogue
from autograder.grading.outcome import CheckFailed, Outcome
from autograder.grading.submission import Submission
from autograder.grading.transport import Place
from course.syllabus import Exercise

_TIDY = 20  # after so many submissions, what Keras has kept for the oracles is let go


@dataclass
class Result:
    """One submission, judged.

    Attributes:
        submission: What was judged.
        outcomes: One for each check, in order.
    """

    submission: Submission
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(outcome.points for outcome in self.outcomes)

    @property
    def max_points(self) -> float:
        return sum(outcome.max_points for outcome in self.outcomes)

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and all(o.passed for o in self.outcomes)

    @property
    def category(self) -> str:
        """`passed`, or the category of the first check that failed."""
        return next((o.category for o in self.outcomes if not o.passed), "passed")

    @property
    def explanation(self) -> str:
        """The first thing there is to say about what failed."""
        failed = [o for o in self.outcomes if not o.passed]
        told = (o.explanation for o in failed if o.explanation)
        return next(told, failed[0].message if failed else "")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the wire and for records."""
        return {
            "exercise": self.submission.exercise.id,
            "filename": self.submission.filename,
            "points": self.points,
            "max_points": self.max_points,
            "passed": self.passed,
            "category": self.category,
            "explanation": self.explanation,
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
        }


class Engine:
    """Judges submissions, one after another, keeping the checks collected.

    Args:
        root: The project folder.
        scopes: Which checks: `public`, `hidden`.
        secret: What the seeds of the inputs come from. With `PUBLIC_SECRET` everybody
            meets the same ones.
        seconds: Processor seconds for a check that does not say.
    """

    def __init__(
        self,
        root: Path,
        scopes: tuple[str, ...] = ("public", "hidden"),
        secret: bytes = b"",
        seconds: float = 10,
    ):
        self.root, self.scopes, self.secret = root, scopes, secret
        self.seconds = seconds
        self._judged = 0
        self._suites: dict[str, tuple[CheckSuite, Catalogue | Fingerprints]] = {}

    def suite(self, exercise: Exercise) -> CheckSuite:
        """The checks of an exercise, collected again if a file has changed."""
        return self._pair(exercise)[0]

    def _pair(self, exercise: Exercise) -> tuple[CheckSuite, Catalogue | Fingerprints]:
        known = self._suites.get(exercise.id)
        if known is None or known[0].stale:
            suite = CheckSuite(exercise, self.root, self.scopes)
            self._suites[exercise.id] = (suite, known_mistakes(suite, self.root))
        return self._suites[exercise.id]

    def judge(
        self,
        submission: Submission,
        place: Place,
        on_outcome: Callable[[Outcome], None] = lambda outcome: None,
        explain: bool = True,
        hash_for_seed: str = "",
        patience: int = 0,
        seeds: dict[str, int] | None = None,
        only: set[str] | None = None,
        enough: int = 0,
    ) -> Result:
        """Runs every check.

        Args:
            submission: What to judge.
            place: Where its code runs.
            on_outcome: Called with each outcome as soon as it is known, before it is
                compared with the known mistakes.
            explain: Whether failures are compared with the known mistakes.
            hash_for_seed, seeds: See `Run`.
            patience: After so many checks that took too long, the rest is not judged;
                0 judges all.
            only: Names of the checks to run; all if None.
            enough: After so many failures, the rest is not run; 0 runs all.
        """
        suite, catalogue = self._pair(submission.exercise)
        public = PUBLIC_INPUTS if self.secret == PUBLIC_SECRET else ""
        inputs = hash_for_seed or public
        run = Run(submission, place, self.secret, inputs, self.seconds, seeds)
        result = Result(submission)
        failure = judge_source(submission)
        with contextlib.closing(run):
            for outcome in _all(suite, failure) if failure else suite.run(run, only):
                result.outcomes.append(outcome)
                on_outcome(outcome)
                if enough and sum(not o.passed for o in result.outcomes) >= enough:
                    break
                late = sum(o.category == "timed_out" for o in result.outcomes)
                if patience and late >= patience:
                    for rest in _rest(suite, len(result.outcomes)):
                        result.outcomes.append(rest)
                        on_outcome(rest)
                    break
            if explain:
                catalogue.explain(result.outcomes, run)
        self._judged += 1
        if self._judged % _TIDY == 0:
            import keras

            keras.utils.clear_session()
        return result


def known_mistakes(suite: CheckSuite, root: Path) -> Catalogue | Fingerprints:
    """What failures are compared with: the catalogue, or what a kit knows of it."""
    if (root / FOLDER).is_dir():
        import keras

        path = root / path_of(suite.exercise, keras.config.backend())
        if path.exists():
            return Fingerprints(suite, path)
    return Catalogue(suite, root)


def judge_source(submission: Submission) -> CheckFailed | None:
    """The verdict that the source alone decides, before anything is run."""
    error = syntax.error_in(submission.source)
    if error is not None:
        where, frames = submission.filename, []
        if error.lineno:
            where = f"{where}, line {error.lineno}"
            frames = [(error.lineno, (error.text or "").rstrip()[:200], "")]
        return CheckFailed("syntax_error", f"{where}: {error.msg}", frames=frames)
    findings = forbidden.find(submission.source, submission.exercise)
    if findings:
        message = f"Line {findings[0].line}: {findings[0].message}"
        frames = [(f.line, f.text, "") for f in findings[:5]]
        return CheckFailed("forbidden_api", message, frames=frames)
    return None


def _rest(suite: CheckSuite, judged: int) -> Iterator[Outcome]:
    message = "It can be judged once the check that took too long does not."
    return _all(suite, CheckFailed("not_judged", message), judged)


def _all(suite: CheckSuite, failure: CheckFailed, start: int = 0) -> Iterator[Outcome]:
    """The same verdict for every check from `start` on."""
    for item in suite.items[start:]:
        yield Outcome(
            check=item.name,
            title=title(item.name),
            scope=suite.scope(item),
            points=0.0,
            max_points=points(item),
            category=failure.category,
            message=failure.message,
            frames=failure.frames,
        )
