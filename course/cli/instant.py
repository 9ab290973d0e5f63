"""`layerwise feedback`: what a course's own server calls for one student's upload.

Exit codes: 0 when the upload was judged, whatever came of it; 3 when the student's
attempts are used up; 1 when it could not be judged, with one line on stderr that says
why. Only what was judged counts as an attempt.
"""

import datetime
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from course import syllabus
from course.cli.client import CheckingFailed, project_root
from course.cli.feedback import clean
from course.cli.instructor import _how, refuse_if_not_isolated

if TYPE_CHECKING:
    from autograder.delivery.attempts import Ledger, Taken
    from autograder.delivery.collecting import Handed
    from autograder.delivery.policy import Policy
    from autograder.delivery.seat import Seat

USED_UP = 3
_UPLOADS = (".py", ".ipynb")


def feedback(
    file: Annotated[Path, typer.Argument(help="An exercise file or a notebook.")],
    student: Annotated[str, typer.Option(help="Whose it is.")],
    policy: Annotated[
        Path | None, typer.Option(help="How often they may ask: attempts, in TOML.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="The file in which attempts are counted.")
    ] = None,
    exercise: Annotated[
        str, typer.Option(help="The exercise, where the file's name doesn't tell.")
    ] = "",
    backend: Annotated[str, typer.Option(help="torch, tensorflow or both.")] = "",
    isolation: Annotated[
        str,
        typer.Option(help="namespaces, landlock, or none for code that you trust."),
    ] = "namespaces",
) -> None:
    """Judge one student's upload in a sandbox, and print what they may know.

    Every exercise in it costs an attempt; one that is as it was handed out doesn't.
    """
    rules, book = _rules(policy, ledger)
    if not student.strip():
        raise CheckingFailed("--student is empty: whose attempt is it?")
    if file.suffix.lower() not in _UPLOADS:
        raise CheckingFailed(f"{file} is neither an exercise file nor a notebook.")
    from autograder.delivery import seeds
    from autograder.delivery.seat import Seat

    root = project_root()
    how = _how(root, isolation, backend, 10, seeds.secret(root))
    refuse_if_not_isolated(isolation)
    refused = False
    with tempfile.TemporaryDirectory(prefix="layerwise-") as scratch:
        answers = list(_answers(file, exercise, student, root, Path(scratch)))
        seat = Seat(how)
        try:
            for one in answers:
                refused |= not _serve(one, seat, rules, book)
        finally:
            seat.close()
    if refused:
        raise typer.Exit(USED_UP)


def _rules(policy: Path | None, ledger: Path | None) -> "tuple[Policy, Ledger | None]":
    """The policy, and the ledger if attempts are limited.

    Raises:
        CheckingFailed: If one is given without the other, or the policy has no limit.
    """
    from autograder.delivery import attempts
    from autograder.delivery import policy as policies

    if (policy is None) != (ledger is None):
        raise CheckingFailed("--policy says how often, --ledger counts: give both.")
    if policy is None or ledger is None:
        return policies.Policy(), None
    rules = policies.load(policy)
    if rules.attempts is None:
        raise CheckingFailed(f'{policy} limits no attempts: attempts = "5/day"')
    return rules, attempts.Ledger(ledger, rules.attempts)


def _answers(
    file: Path, named: str, student: str, root: Path, scratch: Path
) -> "Iterator[Handed]":
    """What the upload answers.

    Raises:
        CheckingFailed: If nothing in it has been worked on.
    """
    from autograder.authoring import stubs
    from autograder.delivery import collecting

    only = syllabus.find(named) if named else syllabus.exercises()
    found = collecting.collect([file], only, scratch)
    untouched = []
    for one in found.handed:
        stub = stubs.wanted(one.exercise, root).encode().strip()
        if not one.problem and one.file.read_bytes().strip() == stub:
            untouched.append(one.exercise.name)
        else:
            yield replace(one, student=student, path=file.name)
    if len(untouched) == len(found.handed):
        raise CheckingFailed(
            f"{file}: nothing is written yet ({', '.join(untouched)})."
        )


def _serve(one: "Handed", seat: "Seat", rules: "Policy", book: "Ledger | None") -> bool:
    """Counts an attempt, judges, prints; whether there was an attempt left."""
    from autograder.delivery import batch
    from autograder.delivery.attempts import AttemptsUsedUp
    from autograder.delivery.seat import CannotGrade

    now, taken = datetime.datetime.now(rules.zone), None
    try:
        taken = book and book.take(one.student, one.exercise.id, now)
    except AttemptsUsedUp as error:
        print(f"{one.exercise.name}: not judged. {error}\n")
        return False
    try:
        entry = seat.judge(batch.task_of(one))
    except CannotGrade:
        _uncount(one, book, now)
        raise
    _show(one, entry)
    if not entry["outcomes"]:
        _uncount(one, book, now)
        print("That costs no attempt.\n" if book else "")
    else:
        print(_left(taken) if taken else "")
    return True


def _uncount(one: "Handed", book: "Ledger | None", at: datetime.datetime) -> None:
    if book is not None:
        book.give_back(one.student, one.exercise.id, at)


def _show(one: "Handed", entry: dict[str, Any]) -> None:
    from autograder.delivery import for_students
    from autograder.grading.outcome import Outcome

    outcomes = [Outcome(**outcome) for outcome in entry["outcomes"]]
    if outcomes:
        print("\n".join(for_students.feedback(one.exercise, outcomes)))
    else:
        print(f"{one.exercise.name}: not judged. {clean(entry['explanation'])}")


def _left(taken: "Taken") -> str:
    """`3 attempts left; one more from Tuesday, 03 November 2026, 12:00 UTC on.`"""
    words = "attempt" if taken.left == 1 else "attempts"
    again = f"{taken.next:%A, %d %B %Y, %H:%M %Z}"
    return f"{taken.left or 'No'} {words} left; one more from {again} on.\n"
