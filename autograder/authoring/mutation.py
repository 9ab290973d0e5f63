"""Proves the checks with mistakes that nobody thought of: `layerwise mutate`.

Cosmic Ray's operators change a solution in one place: a plus becomes a minus, a bound
moves by one, a condition is turned round. Each such mutant is a submission; the public and
hidden checks have to fail it. What they let through is either equivalent (no program can
tell the difference) or a gap; `equivalent.toml` beside this file says which, and why.
"""

import ast
import importlib
import itertools
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.authoring import stubs
from autograder.grading.current import PUBLIC_SECRET
from autograder.grading.engine import Engine
from autograder.grading.submission import Submission
from autograder.grading.transport import Place
from course.syllabus import Exercise

JUDGED = Path("autograder/authoring/equivalent.toml")
SECONDS = 5  # processor time for a check that does not say; endless loops are common
# Of Cosmic Ray's operators those whose mutants still run and differ: no bits, no random
# variables; for each arithmetic sign its opposite and its nearest neighbour.
_OPERATORS = {
    "binary_operator_replacement": [
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub Add_Mul Sub_Add Sub_Mul Mul_Div Mul_Add Div_Mul Div_FloorDiv "
            "FloorDiv_Div FloorDiv_Mul Mod_FloorDiv Mod_Mul Pow_Mul Pow_Add"
        ).split()
    ],
    "comparison_operator_replacement": [
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt "
            "Is_IsNot IsNot_Is"
        ).split()
    ],
    "unary_operator_replacement": [
        "ReplaceUnaryOperator_USub_UAdd",
        "ReplaceUnaryOperator_Delete_Not",
    ],
    "boolean_replacer": [
        "AddNot",
        "ReplaceTrueWithFalse",
        "ReplaceFalseWithTrue",
        "ReplaceAndWithOr",
        "ReplaceOrWithAnd",
    ],
    "break_continue": ["ReplaceBreakWithContinue", "ReplaceContinueWithBreak"],
    "exception_replacer": ["ExceptionReplacer"],
    "number_replacer": ["NumberReplacer"],
    "remove_decorator": ["RemoveDecorator"],
    "zero_iteration_for_loop": ["ZeroIterationForLoop"],
}


@dataclass(frozen=True)
class Mutant:
    """A solution changed in one place.

    Attributes:
        operator: Cosmic Ray's name of the change.
        line: Where, from 1 on.
        was: That line of the solution, without the space around it.
        becomes: The same line of the mutant; empty if it is gone.
        source: The whole text.
    """

    operator: str
    line: int
    was: str
    becomes: str
    source: str = field(repr=False)


@dataclass
class Tally:
    """What the checks make of the mutants of one exercise."""

    exercise: Exercise
    mutants: int = 0
    survivors: list[Mutant] = field(default_factory=list)


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of what a student writes that differ from it and from each other.

    What the stub gives is not theirs to get wrong; parity tests hold that to account.
    """
    mutate: Any = importlib.import_module("cosmic_ray.mutating").mutate_code
    seen = {ast.dump(ast.parse(source))}
    theirs = _lines_of_students(source)
    for module, names in _OPERATORS.items():
        operators = importlib.import_module(f"cosmic_ray.operators.{module}")
        for name in names:
            operator = getattr(operators, name)()
            for occurrence in itertools.count():
                text = mutate(source, operator, occurrence)
                if text is None:
                    break
                try:
                    meaning = ast.dump(ast.parse(text))
                except SyntaxError:
                    continue
                where, was, becomes = _difference(source, text)
                if where in theirs and meaning not in seen:
                    seen.add(meaning)
                    yield Mutant(name, where, was, becomes, text)


def _lines_of_students(source: str) -> set[int]:
    """Numbers, from 1 on, of the lines between the marks of a solution."""
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        if line.strip().startswith((stubs.BEGIN, stubs.END)):
            inside = line.strip().startswith(stubs.BEGIN)
        elif inside:
            lines.add(number)
    return lines


def _difference(source: str, text: str) -> tuple[int, str, str]:
    """The first line that is not the same, counted from 1, before and after.

    With a decorator Cosmic Ray removes the blank lines above it.
    """
    pairs = itertools.zip_longest(source.splitlines(), text.splitlines(), fillvalue="")
    number, (was, becomes) = next(
        (n, (a, b))
        for n, (a, b) in enumerate(pairs, 1)
        if a.strip() not in ("", b.strip())
    )
    same_length = source.count("\n") == text.count("\n")
    return number, was.strip(), becomes.strip() if same_length else ""


class Mutation:
    """Judges mutants as submissions are judged.

    Args:
        root: The project folder.
        place: Where their code runs; isolated, for they loop, crash and eat memory.
    """

    def __init__(self, root: Path, place: Place):
        self.root, self.place = root, place
        self.engine = Engine(root, secret=PUBLIC_SECRET, seconds=SECONDS)

    def try_all(
        self, exercise: Exercise, on_mutant: Callable[[Mutant], None] = lambda m: None
    ) -> Tally:
        """All mutants of a solution.

        Raises:
            ValueError: The solution itself does not get full marks.
        """
        source = (self.root / "solutions" / exercise.path).read_text(encoding="utf-8")
        if self._caught(exercise, source):
            raise ValueError(f"{exercise.id}: the solution fails its own checks")
        tally = Tally(exercise)
        for mutant in mutants(source):
            on_mutant(mutant)
            tally.mutants += 1
            if not self._caught(exercise, mutant.source):
                tally.survivors.append(mutant)
        return tally

    def _caught(self, exercise: Exercise, source: str) -> bool:
        submission = Submission(exercise, source, f"{exercise.id}.py")
        result = self.engine.judge(submission, self.place, explain=False, enough=1)
        return not result.passed


def judged(root: Path) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    """What is known of survivors: by exercise, by the line before and after.

    Each entry has `equivalent` (no input or way of use tells it from the solution) and
    `reason`.
    """
    path = root / JUDGED
    table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        name: {(entry["was"], entry["becomes"]): entry for entry in entries}
        for name, entries in table.items()
    }
