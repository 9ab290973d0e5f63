"""What there is to say about a check, whatever shows it: the terminal or a notebook.

Everything in it may come from a student's code: it is text, never markup.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from autograder.grading.outcome import CATEGORIES
from course import syllabus
from course.syllabus import Exercise

PRINTED_LINES = 10
_MESSAGE_LINES, _MESSAGE_LETTERS = 10, 1200
# About the file as a whole: the title of a check says nothing.
OF_THE_FILE = frozenset(["syntax_error", "forbidden_api", "missing_name"])


@dataclass
class Failure:
    """One thing that is wrong, and the checks that say so.

    Attributes:
        category: One of `CATEGORIES`.
        title: The property that does not hold, in words; '' if it concerns the file.
        message, detail, explanation: As in `autograder.grading.outcome.Outcome`.
        frames: The student's own lines: (line number, text, function).
        printed: The last lines of what the code printed.
        printed_before: How many lines came before these.
        others: Titles of further checks that fail for the same reason.
    """

    category: str
    title: str
    message: str
    detail: str
    explanation: str
    frames: list[tuple[int, str, str]]
    printed: str
    printed_before: int
    others: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The category, for a student."""
        return CATEGORIES[self.category]

    @property
    def headline(self) -> str:
        return f"{self.words}: {self.title}" if self.title else self.words

    @property
    def same_reason(self) -> str:
        """`3 more checks fail for the same reason`, or ''."""
        count = len(self.others)
        checks = "check fails" if count == 1 else "checks fail"
        return f"{count} more {checks} for the same reason." if count else ""


@dataclass
class Feedback:
    """One check of one exercise.

    Attributes:
        exercise: Which.
        passed: Titles of the checks that pass.
        failures: What is wrong, in the order of the checks.
        faults: The grader's own failures.
        tasks: What is not written yet: (line number, what to write).
        waiting: What can't be judged yet: titles, by the reason.
        checks: How many checks there are.
        points, max_points: Earned and possible.
    """

    exercise: Exercise
    passed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    faults: list[Failure] = field(default_factory=list)
    tasks: list[tuple[int, str]] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    checks: int = 0
    points: float = 0.0
    max_points: float = 0.0

    @property
    def done(self) -> bool:
        return bool(self.checks) and len(self.passed) == self.checks

    @property
    def untouched(self) -> bool:
        """Whether nothing can be said but that it is not written yet."""
        return bool(self.tasks) and not self.passed and not self.failures

    @property
    def score(self) -> str:
        """`9 of 13 checks pass, 14 of 21 points`."""
        checks = f"{len(self.passed)} of {self.checks} checks pass"
        return f"{checks}, {self.points:g} of {self.max_points:g} points"

    def next_step(self, following: Exercise | None) -> tuple[str, str]:
        """What to do now, and the command that helps with it (or '')."""
        name = short_name(self.exercise)
        if self.done:
            checks = "The check passes" if self.checks == 1 else "All checks pass"
            text = f"{checks}: {name} is done."
            if following is None:
                return text, ""
            next_name = short_name(following)
            text += f" Next: {next_name}, {following.title}."
            return text, f"layerwise check {next_name}"
        if self.failures:
            first = self.failures[0]
            if not first.title:
                return "Mend this and check again:", f"layerwise check {name}"
            return f"Mend “{first.title}” first. Stuck?", f"layerwise hint {name}"
        if self.tasks:
            line, _ = self.tasks[0]
            where = f"exercises/{self.exercise.path.as_posix()}"
            where = f"line {line} of {where}" if line else where
            return f"Write {where}. A question to begin with:", f"layerwise hint {name}"
        return "This is not your code's fault. See what is broken:", "layerwise doctor"


def feedback(result: dict[str, Any]) -> Feedback:
    """Sorts a result (`exercise`, `outcomes`, `points`, `max_points`) by what to say."""
    (exercise,) = syllabus.find(result["exercise"])
    found = Feedback(exercise, points=result["points"], max_points=result["max_points"])
    tasks: dict[int, str] = {}
    alike: dict[tuple[str, str], Failure] = {}
    for outcome in result["outcomes"]:
        found.checks += 1
        category, title = outcome["category"], clean(outcome["title"])
        if category == "passed":
            found.passed.append(title)
        elif category == "not_judged":
            found.waiting.setdefault(message_of(outcome), []).append(title)
        elif category == "not_attempted":
            tasks.setdefault(*_task(outcome))
        else:
            key = reason_of(outcome)
            if key in alike:
                alike[key].others.append(title)
                continue
            alike[key] = _failure(outcome)
            group = found.faults if category == "grader_error" else found.failures
            group.append(alike[key])
    found.tasks = sorted(tasks.items())
    return found


def _failure(outcome: dict[str, Any]) -> Failure:
    category = outcome["category"]
    message = message_of(outcome)
    printed = clean(outcome.get("printed", "")).rstrip().splitlines()
    return Failure(
        category=category,
        title="" if category in OF_THE_FILE else clean(outcome["title"]),
        message="" if message == CATEGORIES[category] else message,
        detail=clean(outcome.get("detail", "")),
        explanation=clean(outcome.get("explanation", "")),
        frames=frames_of(outcome),
        printed="\n".join(printed[-PRINTED_LINES:]),
        printed_before=max(0, len(printed) - PRINTED_LINES),
    )


def _task(outcome: dict[str, Any]) -> tuple[int, str]:
    """What is to be written, and at which line."""
    frames = frames_of(outcome)
    text = re.sub(r" \(line \d+\)$", "", in_short(outcome["message"]))
    return frames[-1][0] if frames else 0, text


def reason_of(outcome: dict[str, Any]) -> tuple[str, str]:
    """What two checks that fail alike have in common: category and message.

    The same error at the same line is the same, whatever sizes it names.
    """
    category, text = outcome["category"], in_short(outcome["message"])
    if category == "raised":
        lines = [line for line, _, _ in frames_of(outcome)]
        return category, re.sub(r"\d+", "#", text) + str(lines)
    return category, text


def in_short(text: str) -> str:
    """What an outcome says, without the words that Keras puts around an error."""
    return _unwrapped(clean(text))[0]


def message_of(outcome: dict[str, Any]) -> str:
    """The outcome's message, cut where an error tells a novel."""
    text, called_with = _unwrapped(clean(outcome["message"]))
    if called_with:
        text += f"\nCalled with {called_with}"
    lines = text.splitlines()
    short = "\n".join(lines[:_MESSAGE_LINES])[:_MESSAGE_LETTERS]
    return short if short == text else short.rstrip() + " …"


def _unwrapped(text: str) -> tuple[str, str]:
    """An error without what Keras puts around it in `call`, and the arguments it names.

    `…: Exception encountered when calling Conv2D.call().` + the error + `Arguments
    received by …`, once for each layer within a layer; the innermost tells most.
    """
    called_with = ""
    while (match := _WRAPPED.search(text)) is not None:
        called_with = called_with or ", ".join(
            line.strip(" •") for line in match["arguments"].splitlines() if line.strip()
        )
        inner = match["inner"].strip()
        text = (text[: match.start()] + inner + text[match.end() :]).strip()
    return text.strip(), called_with


_WRAPPED = re.compile(
    r"Exception encountered when calling [^\n]*\n+(?P<inner>(?:(?!Exception encountered)"
    r".)*?)\n+Arguments received by [^\n]*:(?P<arguments>(?:\n +•[^\n]*)*)",
    re.DOTALL,
)


def frames_of(outcome: dict[str, Any]) -> list[tuple[int, str, str]]:
    """The outcome's frames, cleaned; what stands at the top of a file has no function."""
    return [
        (int(line), clean(text).strip(), "" if name == "<module>" else clean(name))
        for line, text, name in outcome.get("frames") or ()
    ]


def clean(text: str) -> str:
    """Text without what moves the cursor, colours, hides or turns other text around."""
    text = _ESCAPE.sub("", str(text)).replace("\r\n", "\n").expandtabs(4)
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-_])")


def short_name(exercise: Exercise) -> str:
    """The shortest name that `syllabus.find` understands: `conv2d`, `u03/dense`."""
    same = [e for e in syllabus.exercises() if e.name == exercise.name]
    if len(same) == 1:
        return exercise.name
    return f"{exercise.unit.split('_', 1)[0]}/{exercise.name}"
