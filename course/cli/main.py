"""The `layerwise` command: a table of commands, each imported when it is called."""

import codecs
import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

# Command → where its function is, and its line in `layerwise --help`.
COMMANDS = {
    "Study": {
        "list": ("course.cli.overview:list_", "All exercises, and how far you are."),
        "check": ("course.cli.student:check", "Check an exercise or a unit."),
        "watch": ("course.cli.student:watch", "Check again whenever a file is saved."),
        "hint": ("course.cli.student:hint", "One hint more each time."),
        "reset": ("course.cli.student:reset", "Begin an exercise afresh."),
        "solution": (
            "course.cli.student:solution",
            "The reference, once yours passes.",
        ),
        "train": ("course.cli.train:train", "Train a network on a data set."),
        "milestone": (
            "course.cli.milestone:milestone",
            "What a unit's parts do together, measured.",
        ),
        "bench": (
            "course.cli.bench:bench",
            "How fast your convolutions are, on this machine.",
        ),
        "parts": ("course.cli.overview:parts", "Whose layers your networks use."),
        "doctor": ("course.cli.doctor:doctor", "What is wrong with the installation."),
    },
    "Teach": {
        "grade": ("course.cli.instructor:grade", "Grade submissions with every check."),
        "release": (
            "course.cli.release:app",
            "Write the course for nbgrader, for students, for Gradescope.",
        ),
        "feedback": (
            "course.cli.instant:feedback",
            "Feedback at once on one upload, on a server.",
        ),
        "report": ("course.cli.results:report", "Write the class page."),
        "export": ("course.cli.results:export", "Points for Canvas, Moodle, others."),
        "similar": ("course.cli.results:similar", "Which submissions are alike."),
        "replay": ("course.cli.replaying:replay", "Grade recorded submissions again."),
        "demo": ("course.cli.demo:demo", "Train networks, grade a sample class."),
    },
    "Write": {
        "verify": ("course.cli.author:verify", "Prove the checks of exercises."),
        "mutate": ("course.cli.author:mutate", "Try the checks on mutants."),
        "stubs": ("course.cli.author:stubs", "Write the stubs from the solutions."),
        "new": ("course.cli.author:new", "Make the files of a new exercise."),
    },
}


class LazyCommand(TyperCommand):
    """Knows its name and one line of help; the rest is imported when it is called."""

    def __init__(self, name: str, place: str, help: str):
        super().__init__(name, help=help, short_help=help)
        self._place = place

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any):
        loaded = _load(self._place)
        if isinstance(loaded, typer.Typer):  # a group of commands
            app = loaded
        else:
            app = typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(self.name)(loaded)
        command = get_command(app)
        return command.make_context(info_name, args, parent=parent, **extra)


class Commands(TyperGroup):
    """The table as a command group, its errors one line each."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        for group in COMMANDS.values():
            for name, (place, help) in group.items():
                self.add_command(LazyCommand(name, place, help))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands by who uses them; plain text, so that no rich is imported."""
        for title, group in COMMANDS.items():
            here = [(n, help) for n, (place, help) in group.items() if _is_here(place)]
            if here:
                with formatter.section(title):
                    formatter.write_dl(here)

    def invoke(self, ctx: Any) -> Any:
        with _problems_in_one_line():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def layerwise(ctx: typer.Context) -> None:
    """Deep learning from the inside: build every layer, know within a second.

    Alone, it says where you are and what is next.
    """
    if ctx.invoked_subcommand is None:
        from course.cli.overview import status

        status()


def run() -> None:
    """The console script."""
    codecs.register_error("layerwise", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="layerwise")
    try:
        if not _run_directly(sys.argv[1:]):
            app()
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


# Typer's parser imports pydantic, 0.1 s: half of what these take. Where there is
# nothing to parse, a name at most, they are called as they are.
_DIRECTLY = {
    "list": "course.cli.overview:list_",
    "hint": "course.cli.student:hint",
    "check": "course.cli.student:check",
}


def _run_directly(arguments: list[str]) -> bool:
    """Runs `layerwise`, or one of `_DIRECTLY` with at most a name; whether it could."""
    completing = "_LAYERWISE_COMPLETE" in os.environ
    if completing or len(arguments) > 2 or any(a[:1] in ("-", "") for a in arguments):
        return False
    name, *target = arguments or [""]
    place = _DIRECTLY.get(name) if name else "course.cli.overview:status"
    if place is None:
        return False
    with _problems_in_one_line():
        _load(place)(*target)
    return True


def _is_here(place: str) -> bool:
    """Whether this copy of the course brings a command; students' kits lack some."""
    name = place.partition(":")[0].rpartition(".")[2]
    return Path(__file__).with_name(f"{name}.py").exists()


def _load(place: str) -> Any:
    module, _, function = place.partition(":")
    return getattr(importlib.import_module(module), function)


@contextlib.contextmanager
def _problems_in_one_line() -> Iterator[None]:
    """What a user can cause becomes one line on stderr; LAYERWISE_TRACEBACK=1 shows all."""
    try:
        yield
    except (BrokenPipeError, typer.Exit):
        raise
    except Exception as error:
        from course.cli.problems import one_line

        text = one_line(error)
        if not text or os.environ.get("LAYERWISE_TRACEBACK"):
            raise
        print(f"layerwise: {text}", file=sys.stderr)
        raise typer.Exit(1) from None


_ASCII = str.maketrans("✓✗○→–·█│≈…“”’×−", '+xo>-.#|~.""\'*-')


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Marks and pictures for terminals that know no Unicode."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_ASCII)
    return "".join(c if c.isascii() else "?" for c in text), error.end
