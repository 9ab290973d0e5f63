"""`layerwise check`, `watch`, `hint`, `reset`, `solution`: working on an exercise."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from autograder.grading.submission import UnreadableSubmission
from course import hints, progress, syllabus
from course.cli import checking, overview, pristine
from course.cli.backends import backend as chosen_backend
from course.cli.backends import refuse_if_broken
from course.cli.client import CheckingFailed, project_root
from course.cli.feedback import short_name
from course.cli.render import CheckView, block, console, warn
from course.progress import State
from course.syllabus import Exercise

__all__ = [
    "UnreadableSubmission",
    "check_exercise",
    "next_exercise",
    "reset_exercise",
    "show_hint",
    "show_list",
]

Target = Annotated[
    str | None,
    typer.Argument(
        help="conv2d, u05/conv2d, u05 or a file; the one in work if none is given.",
        autocompletion=overview.complete,
    ),
]


def check(
    target: Target = None,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="In one process, so that breakpoint() works."),
    ] = False,
    backend: Annotated[
        str, typer.Option(help="torch or tensorflow, for this check.")
    ] = "",
) -> None:
    """Check an exercise or a unit and say what is wrong."""
    root, out = project_root(), console()
    refuse_if_broken(backend)
    wanted = _targets(root, target)
    if debug:
        raise typer.Exit(_debug(root, wanted, backend or chosen_backend()))
    passed = []
    for number, exercise in enumerate(wanted):
        if number:
            out.print()
        try:
            passed.append(check_exercise(exercise, out, backend))
        except UnreadableSubmission as error:
            if len(wanted) == 1:
                raise
            warn(str(error))
            passed.append(False)
    if len(wanted) > 1:
        out.print(f"\n[bold]{sum(passed)} of {len(wanted)} exercises pass.[/]")
    if not all(passed):
        raise typer.Exit(1)


def check_exercise(exercise: Exercise, out: Console, backend: str = "") -> bool:
    """Checks the exercise's file, shows the feedback and notes what passed.

    Args:
        exercise: Which exercise.
        out: Where to show it.
        backend: `torch` or `tensorflow`; '' for the one that Keras is set to.

    Returns:
        Whether every check passed.

    Raises:
        CheckingFailed: If there was no check.
        UnreadableSubmission: If the file can't be read.
    """
    out.print(Text(f"{exercise.id}: {exercise.title}", style="bold"))
    with CheckView(out) as view:
        result = checking.check_file(exercise, view.event, backend)
        view.finish(
            result, overview.following(overview.states(project_root()), exercise)
        )
    warn(result["warning"])
    return bool(result["passed"])


def _targets(root: Path, target: str | None) -> tuple[Exercise, ...]:
    """What is to be checked: of a unit, the exercises that are in this folder."""
    if target is None:
        return (next_exercise(root),)
    named = syllabus.find(target)
    if len(named) == 1:
        return named
    found = overview.states(root)
    here = tuple(e for e in named if found[e] != State.ABSENT)
    if not here:
        raise CheckingFailed(f"No exercise of {target} is in {root / 'exercises'}.")
    return here


def next_exercise(root: Path) -> Exercise:
    """The exercise in work, or the one to begin with.

    Raises:
        CheckingFailed: If everything in the project is done.
    """
    found = overview.current(root, overview.states(root))
    if found is None:
        raise CheckingFailed("Everything is done here. Name one: layerwise list")
    return found


def _debug(root: Path, exercises: tuple[Exercise, ...], backend: str) -> int:
    files = [f"exercises/{e.unit}/test_{e.name}.py" for e in exercises]
    options = "-p autograder.grading.plugin --import-mode=importlib --inline -s -x -q"
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), *files],
        env={
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **os.environ,
            "KERAS_BACKEND": backend,
            "LAYERWISE_PARTS": "keras",
        },
        cwd=root,
    ).returncode


def watch(target: Target = None) -> None:
    """Check again whenever a file is saved."""
    from course.cli.watch import watch as keep_watching

    refuse_if_broken()
    keep_watching(target)


def hint(
    target: Target = None,
    again: Annotated[
        bool, typer.Option("--again", help="Those you have seen; no new one.")
    ] = False,
) -> None:
    """One hint more each time; never the solution."""
    show_hint(_single(project_root(), target), console(), again)


def show_hint(exercise: Exercise, out: Console, again: bool = False) -> None:
    """The steps seen so far and, unless `again`, the next one."""
    root, name = project_root(), short_name(exercise)
    steps = hints.ladder(exercise, root)
    if not steps:
        raise CheckingFailed(f"There are no hints for {name} yet.")
    read = progress.load(root)
    warn(read.warning)
    seen = min(read.hints_seen(exercise), len(steps))
    shown = seen if again else min(seen + 1, len(steps))
    if not shown:
        raise CheckingFailed(f"No hint seen yet. The first: layerwise hint {name}")
    out.print(Text(f"{name}, step {shown} of {len(steps)}\n", style="bold"))
    for number, step in enumerate(steps[:shown], start=1):
        text = Text(f"{number}. {step}", style="" if number == shown else "dim")
        block(out, text)
        out.print()
    if shown < len(steps):
        out.print(Text(f"One step more: layerwise hint {name}", style="dim"))
    else:
        lesson = f"exercises/{exercise.unit}/README.md"
        out.print(f"That was all there is to hint at; the lesson is in {lesson}.")
    if shown > seen:
        warn(progress.record_hint(root, exercise, shown))


def reset(
    target: Annotated[
        str, typer.Argument(help="The exercise.", autocompletion=overview.complete)
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """Put the stub back; your version is kept in .layerwise/backups."""
    root = project_root()
    exercise = _single(root, target)
    shown = Path("exercises", exercise.path)

    def agreed() -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            raise CheckingFailed(
                f"Your {shown} would be replaced. To have that done without being asked: "
                f"layerwise reset {short_name(exercise)} --yes"
            )
        return typer.confirm(f"Replace your {shown} by the stub? A copy is kept.")

    reset_exercise(exercise, console(), agreed)


def reset_exercise(
    exercise: Exercise, out: Console, agreed: Callable[[], bool] = lambda: True
) -> None:
    """Puts the stub back and names the copy of what was there.

    Args:
        exercise: Which exercise.
        out: Where to say what happened.
        agreed: Asked before work is replaced.

    Raises:
        CheckingFailed: If nobody knows the stub.
    """
    root = project_root()
    pristine.remember(root)
    stub = pristine.stub(exercise, root)
    file, shown = root / "exercises" / exercise.path, Path("exercises", exercise.path)
    if stub is None:
        raise CheckingFailed(
            f"Nobody knows how {shown} began. Take it from a fresh copy of the course."
        )
    if not file.exists():
        _write(file, stub.text)
        out.print(Text(f"{shown} is there again, {stub.origin}."))
    elif file.read_bytes().replace(b"\r\n", b"\n") == stub.text.encode():
        out.print(Text(f"{shown} is still as it was at the beginning."))
    elif not agreed():
        out.print("Nothing was changed.")
    else:
        backup = _back_up(file, root, exercise)
        _write(file, stub.text)
        out.print(Text(f"{shown} is a stub again, {stub.origin}."))
        out.print(Text(f"Your version: {backup.relative_to(root)}"))


def _back_up(file: Path, root: Path, exercise: Exercise) -> Path:
    """A copy, `.layerwise/backups/u05_convolution/conv2d-2026-05-04-17-30-12.py`."""
    now = f"{datetime.now():%Y-%m-%d-%H-%M-%S}"
    folder = root / ".layerwise" / "backups" / exercise.unit
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{exercise.name}-{now}.py", 1
    while path.exists():
        number += 1
        path = folder / f"{exercise.name}-{now}-{number}.py"
    try:
        shutil.copy2(file, path)
    except OSError:
        path.unlink(missing_ok=True)  # half a copy is none
        raise
    return path


def _write(file: Path, text: str) -> None:
    """All or nothing, so that a full disk leaves the work there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as written:
            written.write(text)
        if file.exists():
            shutil.copymode(file, name)
        else:
            os.chmod(name, 0o644)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def solution(
    target: Annotated[
        str, typer.Argument(help="The exercise.", autocompletion=overview.complete)
    ],
) -> None:
    """Show the reference of an exercise that you have done."""
    root, out = project_root(), console()
    exercise = _single(root, target)
    name, file = short_name(exercise), root / "solutions" / exercise.path
    if not (exercise.solution_shipped and file.exists()):
        raise CheckingFailed(f"This course does not bring the solution of {name}.")
    state = overview.states(root)[exercise]
    if state != State.DONE:
        raise CheckingFailed(
            f"{name} is {state}: the solution is shown once yours passes. A hint: "
            f"layerwise hint {name}"
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.strip().startswith("### ")]
    out.print(Text("\n".join(kept)))


def _single(root: Path, target: str | None) -> Exercise:
    """One exercise: the one named, or the one in work."""
    if target is None:
        return next_exercise(root)
    found = syllabus.find(target)
    if len(found) > 1:
        names = ", ".join(short_name(exercise) for exercise in found)
        raise CheckingFailed(f"{target} is a unit: say which of {names}.")
    return found[0]


def show_list(out: Console) -> None:
    """Everything in this folder, and how far it is."""
    overview.show_list(project_root(), out)
