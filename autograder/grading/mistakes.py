"""Known mistakes: small edits of a reference, each with a sentence for the student."""

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autograder.grading.checks import CheckSuite
from autograder.grading.current import Run
from autograder.grading.outcome import Outcome
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess
from course.syllabus import Exercise

M = TypeVar("M")
COMPARED = 4  # failed checks on which a submission and a mistake are compared
_TELLING = frozenset(
    "wrong_values wrong_shape wrong_dtype wrong_gradient wrong_state not_finite raised "
    "not_serializable wrong_signature".split()
)


@dataclass(frozen=True)
class Mistake:
    """A typical error.

    Attributes:
        name: In a few words.
        edits: Pairs of text: what stands in the reference, what stands instead.
        says: One sentence for the student.
    """

    name: str
    edits: tuple[tuple[str, str], ...]
    says: str

    def applied_to(self, source: str) -> str:
        """The reference with the mistake in it.

        Raises:
            ValueError: If a piece to be replaced isn't there exactly once.
        """
        for old, new in self.edits:
            if source.count(old) != 1:
                raise ValueError(
                    f"mistake {self.name!r}: {old!r} stands {source.count(old)} times "
                    "in the reference, not once"
                )
            source = source.replace(old, new)
        return source


def load(exercise: Exercise, root: Path) -> tuple[Mistake, ...]:
    """The catalogue of an exercise; empty where there is no file."""
    path = root / "autograder/mistakes" / exercise.unit / f"{exercise.name}.toml"
    if not path.exists():
        return ()
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mistake", [])
    return tuple(_mistake(row, path) for row in rows)


def _mistake(row: dict[str, Any], path: Path) -> Mistake:
    edits = row.get("edits") or [row]
    try:
        pairs = tuple((edit["replace"], edit["with"]) for edit in edits)
        return Mistake(row["name"], pairs, row["says"])
    except KeyError as error:
        raise ValueError(f"{path}: a mistake lacks {error}: {row}") from error


def best_fit(
    outcomes: Sequence[Outcome],
    mistakes: Sequence[M],
    fits: Callable[[M, Outcome], bool],
) -> tuple[M, list[Outcome]] | None:
    """The mistake that a submission behaves like.

    Args:
        outcomes: Of the submission.
        mistakes: Those that are known.
        fits: Whether a mistake has the same outcome in that check.

    Returns:
        The mistake, and the failures that it explains; None if there is none.
    """
    failed = [o for o in outcomes if o.category in _TELLING][:COMPARED]
    if not failed or not mistakes:
        return None
    candidates = list(mistakes)
    for outcome in failed:
        fitting = [m for m in candidates if fits(m, outcome)]
        candidates = fitting or candidates
        if len(fitting) == 1:
            break
    best = candidates[0]
    if not any(fits(best, outcome) for outcome in failed):
        return None
    if len(candidates) > 1:  # alike where both fail: one may fail elsewhere too
        best = max(candidates, key=lambda m: sum(fits(m, o) for o in outcomes))
    return best, [outcome for outcome in failed if fits(best, outcome)]


class Catalogue:
    """The mistakes of one exercise, ready to be compared with a submission.

    Args:
        suite: The checks they are compared on.
        root: The project folder.
    """

    inputs = ""  # each submission has its own

    def __init__(self, suite: CheckSuite, root: Path):
        self.suite = suite
        self.mistakes = load(suite.exercise, root)
        reference = root / "solutions" / suite.exercise.path
        source = reference.read_text(encoding="utf-8") if self.mistakes else ""
        self._sources = {m.name: m.applied_to(source) for m in self.mistakes}
        self._known: dict[tuple[str, str, str], Outcome] = {}
        self._inputs = ""
        self._categories: dict[tuple[str, str], str] = {}

    def explain(self, outcomes: Sequence[Outcome], run: Run) -> None:
        """Writes into failed outcomes the sentence of the mistake that they fit.

        A mistake fits when it fails the same checks with the same returned values on
        the same inputs. Checks that train a network are left out: they take too long
        and say too little.
        """
        quick = [o for o in outcomes if o.check in self.suite.quick]
        found = best_fit(quick, self.mistakes, lambda m, o: self._fits(m, o, run))
        if found is not None:
            mistake, explained = found
            for outcome in explained:
                outcome.explanation, outcome.mistake = mistake.says, mistake.name

    def _fits(self, mistake: Mistake, outcome: Outcome, run: Run) -> bool:
        """Whether the mistake returns the same; not run where it fails otherwise.

        What a mistake returns depends on the inputs, how it fails a check does not.
        """
        before = self._categories.get((mistake.name, outcome.check))
        if before not in (None, outcome.category):
            return False
        known = self._outcome(mistake, outcome.check, run)
        return outcome.category == known.category and _same(outcome, known)

    def _outcome(self, mistake: Mistake, check: str, run: Run) -> Outcome:
        key = (mistake.name, check, run.hash + run.secret.hex())
        if key not in self._known:
            if self._inputs != key[2]:  # other inputs: those before are of no more use
                self._known.clear()
                self._inputs = key[2]
            mistaken = self.run_of(mistake, run)
            (self._known[key],) = self.suite.run(mistaken, only={check})
            self._categories[mistake.name, check] = self._known[key].category
        return self._known[key]

    def run_of(self, mistake: Mistake, run: Run) -> Run:
        """A run of the mistake on the inputs of `run`."""
        exercise = self.suite.exercise
        submission = Submission(exercise, self._sources[mistake.name], "<mistake>")
        return Run(submission, InThisProcess(), run.secret, hash_for_seed=run.hash)


def _same(outcome: Outcome, known: Outcome) -> bool:
    """Whether two submissions returned the same to a check."""
    a, b = outcome.evidence, known.evidence
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.dtype.kind not in "fc":
            return bool(np.array_equal(a, b))
        finite = np.abs(b[np.isfinite(b)])
        scale = finite.max() if finite.size else 0
        return bool(np.allclose(a, b, rtol=1e-4, atol=1e-4 * scale, equal_nan=True))
    if isinstance(a, str) and isinstance(b, str):  # Keras numbers its layers
        return re.sub(r"\d+", "#", a) == re.sub(r"\d+", "#", b)
    return a is None and b is None
