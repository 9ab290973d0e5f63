"""Which submissions have text in common that they need not: winnowing (MOSS).

The fingerprints are copydetect's (Schleimer, Wilkerson & Aiken, 2003): names become V,
strings S, comments and spaces go, and of all runs of `_RUN` characters some are kept,
so that every common run of `_SURE` characters is found. What the stub brings, and what
more than a third of the class wrote, is nobody's copy and left out.
"""

import bisect
import collections
import itertools
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.delivery.results import Graded

_RUN, _SURE = 25, 30  # characters, names counting as one
_WORTH = 80  # characters of one's own; below, everybody's answer is the same
_COMMON = 3  # at most so many submissions, or a third, may share what counts as copied
THRESHOLD = 60  # percent


@dataclass(frozen=True)
class Pair:
    """Two students' answers to one exercise that have much in common.

    Attributes:
        exercise: Which.
        percent: How much of the shorter one's own text is in the other.
        students: The two.
        sources: Their texts.
        lines: For each, the numbers of the lines in common, the first being 1.
    """

    exercise: str
    percent: int
    students: tuple[str, str]
    sources: tuple[str, str]
    lines: tuple[frozenset[int], frozenset[int]]


def pairs(
    results: Iterable[Graded], root: Path, threshold: float = THRESHOLD
) -> list[Pair]:
    """Pairs of students above the threshold, those with most in common first.

    Args:
        results: The answers; those to one exercise are compared with each other.
        root: The project folder: its stubs tell what everybody was given.
        threshold: Percent of a submission's own text.
    """
    found: list[Pair] = []
    by_exercise = sorted(results, key=lambda graded: graded.exercise)
    for exercise, group in itertools.groupby(
        by_exercise, key=lambda graded: graded.exercise
    ):
        found += _of_one_exercise(exercise, list(group), root, threshold)
    return sorted(found, key=lambda pair: (-pair.percent, pair.exercise, pair.students))


def _of_one_exercise(
    exercise: str, answers: Sequence[Graded], root: Path, threshold: float
) -> Iterable[Pair]:
    stub = _stub(exercise, root)
    given = set(_Text(stub).hashes) if stub else set()
    texts = {graded.student: _Text(graded.source, given) for graded in answers}
    shared = collections.Counter(h for text in texts.values() for h in set(text.own))
    most = max(_COMMON, len(texts) // 3)
    common = {fingerprint for fingerprint, count in shared.items() if count > most}
    for text in texts.values():
        text.leave_out(common)
    worth = [name for name, text in texts.items() if text.length >= _WORTH]
    for first, second in itertools.combinations(sorted(worth), 2):
        a, b = texts[first], texts[second]
        both = a.kept.keys() & b.kept.keys()
        if not both:
            continue
        percent = max(a.covered(both), b.covered(both))
        if percent >= threshold:
            yield Pair(
                exercise,
                round(percent),
                (first, second),
                (a.source, b.source),
                (a.lines(both), b.lines(both)),
            )


def _stub(exercise: str, root: Path) -> str:
    """The text that everybody began with: the stub, or nothing where there is none."""
    from autograder.authoring import stubs

    solution = root / "solutions" / f"{exercise}.py"
    if not solution.exists():
        return ""
    return stubs.stub_of(solution.read_text(encoding="utf-8"), str(solution))


class _Text:
    """A submission as fingerprints.

    Args:
        source: Its text.
        given: Fingerprints of what everybody was given.

    Attributes:
        own: Its fingerprints without those, by place.
        kept: The few that winnowing keeps: fingerprint → its places.
    """

    def __init__(self, source: str, given: Iterable[int] = ()):
        from copydetect import utils

        self.source = source
        self._filtered, offsets = utils.filter_code(source, "submission.py", "python")
        self.hashes = _hashes(self._filtered)
        given = set(given)
        self._places = {i: h for i, h in enumerate(self.hashes) if h not in given}
        self._offsets = _rising(offsets)
        self.kept: dict[int, list[int]] = {}

    @property
    def own(self) -> Iterable[int]:
        return self._places.values()

    def leave_out(self, common: set[int]) -> None:
        """Drops what everybody wrote, and winnows the rest."""
        import numpy as np
        from copydetect import utils

        self._places = {i: h for i, h in self._places.items() if h not in common}
        self.length = _covered(self._places)
        if not self.hashes:
            return
        window = min(_SURE - _RUN + 1, len(self.hashes))
        _, selected = utils.winnow(np.array(self.hashes), window, False)
        for place in map(int, selected):
            if place in self._places:
                self.kept.setdefault(self._places[place], []).append(place)

    def covered(self, fingerprints: Iterable[int]) -> float:
        """How much of its own text these make up, in percent."""
        places = [place for f in fingerprints for place in self.kept[f]]
        return min(100.0, 100 * _covered(places) / self.length)

    def lines(self, fingerprints: Iterable[int]) -> frozenset[int]:
        """The lines that these stand in."""
        starts = [0]
        starts += [i + 1 for i, letter in enumerate(self.source) if letter == "\n"]
        found: set[int] = set()
        for fingerprint in fingerprints:
            for place in self.kept[fingerprint]:
                first = bisect.bisect_right(starts, self._original(place))
                last = bisect.bisect_right(starts, self._original(place + _RUN - 1))
                found.update(range(first, last + 1))
        return frozenset(found)

    def _original(self, place: int) -> int:
        """Where a character of the filtered text stood."""
        indices, removed = self._offsets
        entry = min(bisect.bisect_left(indices, place), len(indices) - 1)
        return place + removed[entry]


def _hashes(text: str) -> list[int]:
    """One number for each run of characters, the same in every process."""
    runs = range(len(text) - _RUN + 1)
    return [zlib.crc32(text[i : i + _RUN].encode()) for i in runs]


def _covered(places: Iterable[int]) -> int:
    """How many characters the runs at these places cover."""
    covered, end = 0, 0
    for place in sorted(places):
        covered += place + _RUN - max(place, end)
        end = place + _RUN
    return covered


def _rising(offsets: Any) -> tuple[list[int], list[int]]:
    """copydetect's table: from which place on how many characters were removed.

    At a class's name its numbers fall back, which they can't.
    """
    removed = itertools.accumulate(offsets[:, 1].tolist(), max)
    return offsets[:, 0].tolist(), list(removed)
