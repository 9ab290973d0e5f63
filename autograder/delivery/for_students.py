"""What a student is told of a judgement, as plain lines of text."""

from collections.abc import Iterator, Sequence

from autograder.grading.outcome import CATEGORIES, Outcome
from course.cli.feedback import clean, frames_of, message_of
from course.syllabus import Exercise


def feedback(exercise: Exercise, outcomes: Sequence[Outcome]) -> list[str]:
    """What a student may know: of public checks everything, of hidden ones little."""
    passed = sum(outcome.passed for outcome in outcomes)
    lines = [f"{exercise.name}: {passed} of {len(outcomes)} checks pass."]
    said: set[tuple[str, ...]] = set()
    for outcome in (outcome.for_student() for outcome in outcomes):
        mark = "✓" if outcome.passed else "✗"
        points = f"{outcome.points:g} of {outcome.max_points:g}"
        lines.append(f"{mark} {outcome.title} ({points})")
        told = tuple(_details(outcome))
        if told and told in said:
            lines.append("    as above")
        elif not outcome.passed:
            said.add(told)
            lines += told
    return lines


def _details(outcome: Outcome) -> Iterator[str]:
    if outcome.passed:
        return
    words, shown = CATEGORIES[outcome.category], outcome.as_dict()
    message = message_of(shown)
    yield f"    {words}" if message == words else f"    {words}: {message}"
    yield from (f"    {line}" for line in clean(outcome.detail).splitlines())
    for number, text, _ in frames_of(shown):
        yield f"    line {number}:  {text}"
    if outcome.explanation:
        yield f"    → {clean(outcome.explanation)}"
    yield from (f"    │ {line}" for line in clean(outcome.printed).splitlines()[-10:])
