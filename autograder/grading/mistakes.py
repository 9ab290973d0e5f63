"""Known mistakes: small edits of a reference, each with a sentence for the student."""

import contextlib
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autograder.grading.checks import CheckSuite
from autograder.grading.current import PUBLIC_INPUTS, PUBLIC_SECRET, Run
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

    What a mistake returns is found out once, on everybody's inputs.

    Args:
        suite: The checks they are compared on.
        root: The project folder.
    """

    def __init__(self, suite: CheckSuite, root: Path):
        self.suite = suite
        self.mistakes = load(suite.exercise, root)
        reference = root / "solutions" / suite.exercise.path
        source = reference.read_text(encoding="utf-8") if self.mistakes else ""
        self._sources = {m.name: m.applied_to(source) for m in self.mistakes}
        self._known: dict[tuple[str, str], Outcome] = {}

    def explain(self, outcomes: Sequence[Outcome], run: Run) -> None:
        """Writes into failed outcomes the sentence of the mistake that they fit.

        A mistake fits when it fails the same checks with the same returned values on
        the same inputs: the submission meets everybody's in those that it has failed.
        Checks that train a network are left out: they take too long and say too little.
        """
        public = run if run.is_public else run.made_public()
        again: dict[str, Outcome] = {}

        def fits(mistake: Mistake, outcome: Outcome) -> bool:
            name = outcome.check
            if outcome.passed or run.is_public:
                again.setdefault(name, outcome)
            if name not in again:
                again[name] = self.suite.once(public, name)
            mine, known = again[name], self._outcome(mistake, name)
            return mine.category == known.category == outcome.category and _same(
                mine, known
            )

        quick = [o for o in outcomes if o.check in self.suite.quick]
        with contextlib.closing(public):
            found = best_fit(quick, self.mistakes, fits)
        if found is not None:
            mistake, explained = found
            for outcome in explained:
                outcome.explanation, outcome.mistake = mistake.says, mistake.name

    def _outcome(self, mistake: Mistake, check: str) -> Outcome:
        key = (mistake.name, check)
        if key not in self._known:
            with contextlib.closing(self.run_of(mistake)) as run:
                self._known[key] = self.suite.once(run, check)
        return self._known[key]

    def run_of(self, mistake: Mistake) -> Run:
        """A run of the mistake on everybody's inputs."""
        source = self._sources[mistake.name]
        submission = Submission(self.suite.exercise, source, "<mistake>")
        return Run(submission, InThisProcess(), PUBLIC_SECRET, PUBLIC_INPUTS)


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
