"""Feedback and tables in the terminal, and feedback as HTML.

Readable without colour, in a pipe and at sixty columns. Text of a student's making goes
through `Text`, which knows no markup.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from autograder.grading.outcome import CATEGORIES
from course.cli.feedback import (
    OF_THE_FILE,
    Failure,
    Feedback,
    clean,
    feedback,
    reason_of,
)
from course.syllabus import Exercise

if TYPE_CHECKING:
    from rich.status import Status

    from course.cli.backends import Finding

MANY = 16  # checks; beyond that, those that pass are counted instead of listed
IN_FULL = 3  # failures; beyond that, only the first is shown in full
_QUIET = OF_THE_FILE | {"not_attempted", "not_judged"}


def console(stderr: bool = False) -> Console:
    """The terminal, or the pipe in its place: wide enough there to cut nothing."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 200
    return Console(file=stream, highlight=False, width=width, soft_wrap=False)


_WARNED: set[str] = set()


def warn(text: str) -> None:
    """One line on stderr, if there is something to say that was not said before."""
    if text and text not in _WARNED:
        _WARNED.add(text)
        console(stderr=True).print(Text(f"layerwise: {text}"), soft_wrap=True)


class CheckView:
    """Shows a check while it runs: a line for each result, then what they mean.

    Use it in a `with`, so that the moving line is taken away whatever happens.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console):
        self.console = console
        self._status: Status | None = None
        self._total = self._seen = 0
        self._said: set[tuple[str, str]] = set()

    def __enter__(self) -> "CheckView":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def event(self, event: dict[str, Any]) -> None:
        """Takes what `course.cli.client` reports: `starting`, `start`, `outcome`."""
        if event["event"] == "starting":
            self._tell(f"Starting Keras on {event['backend']}: some seconds, once …")
        elif event["event"] == "start":
            self.start(event["exercise"], event["total"])
        elif event["event"] == "outcome":
            self.outcome(event)

    def start(self, exercise: str, total: int) -> None:
        self._total, self._seen = total, 0
        self._said.clear()
        self._tell(f"{exercise}: {total} checks …")

    def outcome(self, outcome: dict[str, Any]) -> None:
        """A result, as soon as it is known and before it is explained."""
        self._seen += 1
        last = self._seen == self._total
        what = (
            "looking for the cause" if last else f"{self._seen} of {self._total} checks"
        )
        self._tell(f"{what} …")
        category, title = outcome["category"], clean(outcome["title"])
        key = reason_of(outcome)
        if category == "passed":
            if self._total <= MANY:
                self._print(_line("✓", title, "green"))
        elif category not in _QUIET and key not in self._said:
            self._said.add(key)
            self._print(_line("✗", f"{CATEGORIES[category]}: {title}", "red"))

    def finish(self, result: dict[str, Any], following: Exercise | None = None) -> None:
        """The results together, and what to do next.

        Args:
            result: What `course.cli.client.check_source` gives.
            following: The exercise to go on with when this one is done.
        """
        self._stop()
        show(self.console, feedback(result), following)

    def _print(self, text: Text) -> None:
        self.console.print(text, no_wrap=True, overflow="ellipsis")

    def _tell(self, text: str) -> None:
        if not self.console.is_terminal:
            return
        if self._status is None:
            self._status = self.console.status("")
            self._status.start()
        self._status.update(text)

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def show(console: Console, found: Feedback, following: Exercise | None = None) -> None:
    """What the checks mean, after their results have been listed."""
    if found.checks > MANY and found.passed:
        console.print(_line("✓", f"{len(found.passed)} checks pass", "green"))
    told: set[str] = set()
    in_full = len(found.failures) if len(found.failures) <= IN_FULL else 1
    for failure in found.failures[:in_full]:
        console.print()
        _show_failure(console, failure, told)
    if found.failures[in_full:]:
        console.print(f"\n{len(found.failures) - in_full} more fail:")
    for failure in found.failures[in_full:]:
        _show_shortly(console, failure, told)
    for failure in found.faults:
        console.print()
        console.print(_line("!", failure.headline, "magenta"))
        block(console, failure.message)
    if found.tasks:
        _show_tasks(console, found)
    if found.waiting:
        console.print()
        words = CATEGORIES["not_judged"]
        for why, titles in found.waiting.items():
            console.print(_line("–", f"{words}: {', '.join(titles)}", "dim"))
            block(console, why)
    console.print()
    if not found.done and not found.untouched:
        console.print(f"{found.score}.")
    text, command = found.next_step(following)
    console.print(Text(text, style="bold green" if found.done else ""))
    block(console, Text(command, style="bold cyan"))


def _show_failure(console: Console, failure: Failure, told: set[str]) -> None:
    console.print(_line("✗", failure.headline, "bold red"))
    block(console, failure.message)
    if failure.detail:
        console.print()
        for line in failure.detail.splitlines():
            _one_line(console, Text(f"    {line}"))
    if failure.frames:
        console.print()
        _show_frames(console, failure.frames)
    if failure.explanation:
        console.print()
        _explain(console, failure, told)
    if failure.printed:
        console.print()
        before = failure.printed_before
        block(console, f"Printed{f', after {before} more lines' if before else ''}:")
        for line in failure.printed.splitlines():
            _one_line(console, Text(f"  │ {line}"))
    block(console, Text(failure.same_reason, style="dim"))


def _show_shortly(console: Console, failure: Failure, told: set[str]) -> None:
    summary = failure.message.partition("\n")[0]
    _one_line(console, Text(f"  ✗ {failure.title or failure.words}: {summary}"))
    if failure.explanation not in told:
        _explain(console, failure, told)


def _explain(console: Console, failure: Failure, told: set[str]) -> None:
    if failure.explanation and failure.explanation in told:
        block(console, "→ The same cause as above.")
    elif failure.explanation:
        told.add(failure.explanation)
        block(console, Text(f"→ {failure.explanation}", style="bold yellow"))


def _show_frames(console: Console, frames: list[tuple[int, str, str]]) -> None:
    """`line 41  y = ops.einsum(x)  in call`; a long line of code is cut, not the rest."""
    width = max(len(str(line)) for line, _, _ in frames)
    for line, source, function in frames:
        row, where = Text(f"  line {line:>{width}}  ", style="dim"), ""
        if function:
            where = f"  in {function[:30]}"
        code = Text(source, style="not dim")
        code.truncate(console.width - len(row) - len(where), overflow="ellipsis")
        _one_line(console, row.append(code).append(where))


def _show_tasks(console: Console, found: Feedback) -> None:
    console.print()
    name = found.exercise.name
    title = f"{name} is not written yet" if found.untouched else "not written yet"
    console.print(_line("○", title, "bold"))
    width = max(len(str(line)) for line, _ in found.tasks)
    for line, text in found.tasks:
        where = f"line {line:>{width}}  " if line else ""
        block(console, where + text)


def _line(mark: str, text: str, style: str) -> Text:
    return Text(f"{mark} ", style=style).append(text)


def block(console: Console, text: str | Text) -> None:
    """Wrapped and indented, without the spaces behind that copying brings along."""
    text = Text(text) if isinstance(text, str) else text
    for line in text.wrap(console, max(20, console.width - 2)) if text else ():
        line.rstrip()
        console.print(Text("  ").append(line), no_wrap=True)


def _one_line(console: Console, text: Text) -> None:
    console.print(text, no_wrap=True, overflow="ellipsis")


def show_findings(console: Console, findings: Iterable["Finding"]) -> None:
    """What `layerwise doctor` found, a line each, and a sum."""
    wrong = 0
    marks = {
        True: ("✓", "green"),
        False: ("✗", "bold red"),
        None: ("!", "yellow"),
    }
    for finding in findings:
        mark, style = marks[finding.fine]
        console.print(_line(mark, finding.what, style))
        block(
            console, Text(finding.mend, style="bold" if finding.fine is False else "")
        )
        wrong += finding.fine is False
    console.print()
    if wrong:
        things = "thing is" if wrong == 1 else "things are"
        console.print(f"{wrong} {things} wrong; the lines under each ✗ say what to do.")
    else:
        console.print("Everything that checks need is in order.")


# HTML


def as_html(result: dict[str, Any], following: Exercise | None = None) -> str:
    """The same as HTML that needs nothing else, for a notebook."""
    found = feedback(result)
    text, command = found.next_step(following)
    values = {"in_full": IN_FULL, "many": MANY, "warning": result.get("warning", "")}
    return _template("feedback.html").render(
        found=found, text=text, command=command, **values
    )


def note_as_html(text: str, problem: bool = False) -> str:
    """One line for a notebook: that something takes time, or what went wrong."""
    return _template("note.html").render(text=clean(text), problem=problem)


def _template(name: str) -> Any:
    import jinja2

    folder = Path(__file__).with_name("templates")
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    return environment.get_template(name)
