"""Proves the checks of an exercise: `layerwise verify`.

- the stub is in sync, imports cleanly, and every check calls it not attempted: 0 points;
- the solution gets full marks;
- every known mistake loses points, is named by its own explanation, and is caught by
  the public checks in at least nine of ten cases;
- every hint names things that exist.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.authoring import hints, stubs
from autograder.grading.current import PUBLIC_SECRET
from autograder.grading.engine import Engine, Result
from autograder.grading.mistakes import COMPARED, Mistake, load
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess
from course.syllabus import Exercise

MIN_MISTAKES = 5
PUBLIC_SHARE = 0.9


@dataclass
class Proof:
    """What was found out about one exercise.

    Attributes:
        exercise: Which.
        problems: What is wrong, a sentence each; empty when all is proved.
        checks: How many checks there are.
        mistakes: How many known mistakes there are.
        caught_in_public: How many of them the public checks catch.
    """

    exercise: Exercise
    problems: list[str] = field(default_factory=list)
    checks: int = 0
    mistakes: int = 0
    caught_in_public: int = 0


class Verifier:
    """Judges stubs, solutions and mistakes in this process, all on the same inputs.

    Args:
        root: The project folder.
    """

    def __init__(self, root: Path):
        self.root = root
        self.engine = Engine(root, secret=PUBLIC_SECRET)

    def verify(
        self, exercise: Exercise, on_step: Callable[[str], None] = lambda step: None
    ) -> Proof:
        """Everything about one exercise."""
        proof = Proof(exercise)
        missing = [path for path in self._files(exercise) if not path.exists()]
        if missing:
            proof.problems += [
                f"{p.relative_to(self.root)} is missing" for p in missing
            ]
            return proof
        try:
            proof.checks = len(self.engine.suite(exercise))
        except ValueError as error:  # an edit in the catalogue that fits nowhere
            proof.problems.append(str(error))
            return proof
        on_step("stub")
        proof.problems += self._stub(exercise)
        on_step("solution")
        proof.problems += self._solution(exercise)
        proof.problems += hints.problems(exercise, self.root)
        mistakes = load(exercise, self.root)
        proof.mistakes = len(mistakes)
        if len(mistakes) < MIN_MISTAKES:
            proof.problems.append(f"{len(mistakes)} known mistakes; at least 5 belong")
        for mistake in mistakes:
            on_step(f"mistake: {mistake.name}")
            problems, in_public = self._mistake(exercise, mistake)
            proof.problems += problems
            proof.caught_in_public += in_public
        if proof.caught_in_public < PUBLIC_SHARE * len(mistakes):
            proof.problems.append(
                f"the public checks catch {proof.caught_in_public} of {len(mistakes)} "
                "mistakes; nine of ten are asked for"
            )
        return proof

    def _files(self, exercise: Exercise) -> Iterator[Path]:
        name = f"test_{exercise.name}.py"
        yield self.root / "solutions" / exercise.path
        yield self.root / "exercises" / exercise.path
        yield self.root / "exercises" / exercise.unit / name
        yield self.root / "exercises" / exercise.unit / "README.md"
        yield self.root / "exercises" / exercise.unit / "hints.md"
        yield self.root / "autograder/hidden" / exercise.unit / name

    def _judge(
        self,
        exercise: Exercise,
        source: str,
        only: set[str] | None = None,
        enough: int = 0,
    ) -> Result:
        """A verdict on all checks, or one with explanations on some of them."""
        return self.engine.judge(
            Submission(exercise, source, f"{exercise.id}.py"),
            InThisProcess(),
            explain=only is not None,
            only=only,
            enough=enough,
        )

    def _stub(self, exercise: Exercise) -> Iterator[str]:
        if not stubs.in_sync(exercise, self.root):
            yield "the stub differs from its solution; run: layerwise stubs"
        for outcome in self._judge(
            exercise, stubs.wanted(exercise, self.root)
        ).outcomes:
            if outcome.category not in ("not_attempted", "not_judged"):
                yield f"the stub is {outcome.category} in {outcome.check}"

    def _solution(self, exercise: Exercise) -> Iterator[str]:
        path = self.root / "solutions" / exercise.path
        for outcome in self._judge(exercise, path.read_text(encoding="utf-8")).outcomes:
            if not outcome.passed:
                yield f"the solution fails {outcome.check}: {outcome.message}"

    def _mistake(self, exercise: Exercise, mistake: Mistake) -> tuple[list[str], bool]:
        """What is wrong with a mistake, and whether the public checks catch it.

        As many failures as are compared with the catalogue are enough. More of the
        public checks, and the hidden ones, are asked only where those did not settle
        it; those that train a network not at all: a mistake that only they catch is
        one that nobody can name.
        """
        source = (self.root / "solutions" / exercise.path).read_text(encoding="utf-8")
        mistaken = mistake.applied_to(source)
        suite = self.engine.suite(exercise)
        public = {i.name for i in suite.items if suite.scope(i) == "public"}
        quick = suite.quick & public
        result = self._judge(exercise, mistaken, only=quick, enough=COMPARED)
        in_public = not result.passed
        problems = _problems_with(mistake, result)
        if problems:
            result = self._judge(exercise, mistaken, only=suite.quick)
            problems = _problems_with(mistake, result)
        return problems, in_public


def _problems_with(mistake: Mistake, result: Result) -> list[str]:
    failed = [outcome for outcome in result.outcomes if not outcome.passed]
    name = f"mistake {mistake.name!r}"
    if not failed:
        return [f"{name} is caught by no check that is quick"]
    problems = [
        f"{name}: {o.check}: {o.message}"
        for o in failed
        if o.category == "grader_error"
    ]
    named = {outcome.mistake for outcome in failed} - {""}
    if named != {mistake.name}:
        said = ", ".join(sorted(named)) or "nothing"
        problems.append(f"{name} is explained as {said}")
    return problems
