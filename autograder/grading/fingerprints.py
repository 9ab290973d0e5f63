"""Known mistakes recognised without the reference: what a students' kit brings along.

For each public check that a mistake fails, a kit holds a salted hash of what the mistake
returns there, on inputs that are the same for everybody: of an array, a few random
projections, rounded. An answer that returns the same has the same hash; the hash gives
neither the array nor the reference away. What there is to say about a mistake is sealed
with that same hash: only who makes the mistake can read it.
"""

import hashlib
import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.grading.checks import CheckSuite
from autograder.grading.current import Run
from autograder.grading.mistakes import best_fit
from autograder.grading.outcome import Outcome
from course.syllabus import Exercise

FOLDER = Path("autograder/fingerprints")
_PROJECTIONS = 4
_STEP = 2e-3  # what is closer than this counts as the same
_EDGE = 0.1  # of a step: so near to the next cell, both are tried
_TOKEN = 16  # bytes


def path_of(exercise: Exercise, backend: str) -> Path:
    """Where the fingerprints of an exercise are, relative to the project."""
    return FOLDER / exercise.unit / f"{exercise.name}.{backend}.json"


@dataclass(frozen=True)
class Unnamed:
    """A known mistake, as a kit knows it.

    Attributes:
        tokens: For each check that it fails, what its outcome is recognised by, and its
            name and its sentence, sealed.
    """

    tokens: dict[str, tuple[str, str]]

    def fits(self, outcome: Outcome, salt: bytes) -> str | None:
        """Its name and sentence, if it behaves like this; '' where both pass."""
        if outcome.check not in self.tokens:
            return "" if outcome.passed else None
        token, sealed = self.tokens[outcome.check]
        for digest in digests(outcome, salt):
            if digest[:_TOKEN].hex() == token:
                return _sealed(bytes.fromhex(sealed), digest).decode()
        return None


class Fingerprints:
    """The known mistakes of one exercise, in a kit; stands in for `Catalogue`.

    Args:
        suite: The checks they were made on.
        path: The file that `fingerprint` has filled.
    """

    def __init__(self, suite: CheckSuite, path: Path):
        self.suite = suite
        table = json.loads(path.read_text(encoding="utf-8"))
        self._salt = bytes.fromhex(table["salt"])
        self.mistakes = [
            Unnamed({check: (row[0], row[1]) for check, row in tokens.items()})
            for tokens in table["mistakes"]
        ]

    def explain(self, outcomes: Sequence[Outcome], run: Run) -> None:
        """As in `Catalogue`, provided that the run is on everybody's inputs."""
        if not run.is_public:
            return

        said: dict[tuple[int, int], str | None] = {}

        def text(mistake: Unnamed, outcome: Outcome) -> str | None:
            key = (id(mistake), id(outcome))
            if key not in said:
                said[key] = mistake.fits(outcome, self._salt)
            return said[key]

        quick = [o for o in outcomes if o.check in self.suite.quick]
        found = best_fit(quick, self.mistakes, lambda m, o: text(m, o) is not None)
        if found is not None:
            best, explained = found
            for outcome in explained:
                words = text(best, outcome) or ""
                outcome.mistake, _, outcome.explanation = words.partition("\n")


def fingerprint(
    mistakes: Sequence[tuple[str, str, Sequence[Outcome]]], salt: bytes
) -> dict[str, Any]:
    """What a kit may know of mistakes.

    Args:
        mistakes: For each, its name, its sentence, and its outcomes on the public inputs.
        salt: So that nobody can make a table of hashes beforehand.
    """
    rows = []
    for name, says, outcomes in mistakes:
        tokens = {}
        for outcome in outcomes:
            if not outcome.passed:
                digest = digests(outcome, salt)[0]
                sealed = _sealed(f"{name}\n{says}".encode(), digest)
                tokens[outcome.check] = (digest[:_TOKEN].hex(), sealed.hex())
        rows.append(tokens)
    return {"salt": salt.hex(), "mistakes": rows}


def digests(outcome: Outcome, salt: bytes) -> list[bytes]:
    """What an outcome is recognised by: its own hash first, then its neighbours'."""
    kind, coordinates = _content(outcome.evidence)
    head = f"{outcome.check}\0{outcome.category}\0{kind}\0".encode()
    cells = []
    for value in coordinates:
        cell, rest = divmod(value / _STEP, 1)
        near = [int(cell)]
        near += [int(cell) - 1] if rest < _EDGE else []
        near += [int(cell) + 1] if rest > 1 - _EDGE else []
        cells.append(near)
    return [
        hashlib.blake2b(head + repr(choice).encode(), key=salt).digest()
        for choice in itertools.product(*cells)
    ]


def _content(evidence: Any) -> tuple[str, list[float]]:
    """What has to agree to the letter, and numbers that have to be near."""
    if isinstance(evidence, str):  # Keras numbers its layers
        return "text " + re.sub(r"\d+", "#", evidence), []
    if not isinstance(evidence, np.ndarray):
        return f"nothing {type(evidence).__name__}", []
    kind = f"{evidence.dtype} {evidence.shape}"
    if evidence.dtype.kind not in "fc":
        return kind + _hash(evidence.tobytes()), []
    values = np.atleast_1d(evidence).ravel().astype(np.complex128)
    values = np.concatenate([values.real, values.imag])
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    odd = np.where(finite, 0, np.nan_to_num(values, nan=1, posinf=2, neginf=3))
    return kind + _hash(odd.tobytes()), _projections(np.where(finite, values, 0.0))


def _hash(data: bytes) -> str:
    return " " + hashlib.sha256(data).hexdigest()


def _projections(values: np.ndarray) -> list[float]:
    """The logarithm of the length, and the direction seen along a few random ones."""
    largest = float(np.max(np.abs(values), initial=0))
    if largest == 0:
        return [0.0] * (1 + _PROJECTIONS)
    values = values / largest  # so that no square is too large or too small
    length = float(np.linalg.norm(values))
    rng = np.random.default_rng(values.size)
    directions = rng.standard_normal((_PROJECTIONS, values.size))
    return [
        math.log(largest) + math.log(length),
        *(directions @ (values / length)),
    ]


def _sealed(text: bytes, digest: bytes) -> bytes:
    """The text, sealed by a digest; sealed once more, it is the text again."""
    stream = hashlib.shake_256(digest[_TOKEN:]).digest(len(text))
    return bytes(a ^ b for a, b in zip(text, stream, strict=True))
