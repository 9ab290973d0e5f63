"""What `layerwise grade` shows: progress with rate and time left, and the class."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from course.cli.feedback import clean, in_short

_SHOWN = 40  # submissions that the terminal lists one by one


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def progress(console: Console) -> Progress:
    """A line that says how far it is, how fast, and how long it will take."""
    return Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def class_table(entries: list[dict[str, Any]], names: list[str] | None = None) -> Table:
    """One line a submission: score, what kind of wrong, and what to say about it."""
    from autograder.grading.outcome import CATEGORIES

    table = Table(title="Class", title_justify="left", show_lines=True)
    table.add_column("submission", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("category", overflow="fold")
    table.add_column("explanation", overflow="fold", ratio=1)
    for number, entry in enumerate(entries):
        score = f"{entry['points']:g} / {entry['max_points']:g}"
        table.add_row(
            escape(clean(names[number] if names else entry["filename"])),
            score,
            f"{entry['category']}: {CATEGORIES[entry['category']]}",
            escape(in_short(entry["explanation"])),
        )
    return table


class Summary:
    """Counts records as they come; keeps the first few for the table."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._kinds: Counter[str] = Counter()

    def add(self, entry: dict[str, Any]) -> None:
        self._kinds[entry["category"]] += 1
        if len(self.entries) <= _SHOWN:
            self.entries.append(entry)

    def show(self, console: Console) -> None:
        """The table of a small class, the counts of a large one."""
        from autograder.grading.outcome import CATEGORIES

        if 0 < len(self.entries) <= _SHOWN:
            self.entries.sort(key=lambda entry: (entry["exercise"], entry["filename"]))
            console.print(class_table(self.entries))
        elif self.entries:
            table = Table(title="Class", title_justify="left")
            table.add_column("submissions", justify="right")
            table.add_column("first thing that is wrong")
            for kind, count in self._kinds.most_common():
                table.add_row(str(count), f"{kind}: {CATEGORIES[kind]}")
            console.print(table)
