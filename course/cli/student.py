"""`layerwise check`, `hint`, `reset` and `solution`: working on an exercise."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from course import hints, progress, syllabus
from course.cli import client, overview, pristine
from course.cli.client import CheckingFailed, project_root
from course.cli.doctor import backend as chosen_backend
from course.cli.doctor import refuse_if_broken
from course.cli.feedback import short_name
from course.cli.render import CheckView, console, warn
from course.progress import State
from course.syllabus import Exercise

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
        bool, typer.Option("--debug", help="In one process, so that breakpoint() works.")
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
        passed.append(check_one(exercise, root, out, backend))
    if len(wanted) > 1:
        out.print(f"\n[bold]{sum(passed)} of {len(wanted)} exercises pass.[/]")
    if not all(passed):
        raise typer.Exit(1)


def check_one(exercise: Exercise, root: Path, out: Console, backend: str = "") -> bool:
    """Checks the exercise's file, shows the feedback and notes what passed.

    Args:
        exercise: Which exercise.
        root: The project folder.
        out: Where to show it.
        backend: `torch` or `tensorflow`; '' for the one that Keras is set to.

    Returns:
        Whether every check passed.

    Raises:
        CheckingFailed: If there was no check.
        UnreadableSubmission: If the file can't be read.
    """
    file = root / "exercises" / exercise.path
    name = backend or chosen_backend()
    before = _digest(file)
    out.print(Text(f"{exercise.id}: {exercise.title}", style="bold"))
    with CheckView(out) as view:
        result = client.check_file(exercise, view.event, name)
        if _digest(file) == before:
            warning = progress.record_check(
                root, exercise, before, result["passed"], name
            )
        else:
            warning = f"{file.name} was saved during its check; check it again."
        view.finish(result, overview.following(overview.states(root), exercise))
    warn(warning)
    return bool(result["passed"])


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""  # reading it for the check will say what is wrong


def _targets(root: Path, target: str | None) -> tuple[Exercise, ...]:
    """What is to be checked: of a unit, the exercises that are in this folder."""
    found = overview.states(root)
    if target is None:
        in_work = overview.current(root, found)
        if in_work is None:
            raise CheckingFailed("Everything is done here. Name one: layerwise list")
        return (in_work,)
    named = syllabus.find(target)
    here = tuple(e for e in named if found[e] != State.ABSENT)
    if len(named) > 1 and not here:
        raise CheckingFailed(f"No exercise of {target} is in {root / 'exercises'}.")
    return named if len(named) == 1 else here


def _debug(root: Path, exercises: tuple[Exercise, ...], backend: str) -> int:
    files = [f"exercises/{e.unit}/test_{e.name}.py" for e in exercises]
    options = "-p autograder.grading.plugin --import-mode=importlib --inline -s -x -q"
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), *files],
        env={**os.environ, "KERAS_BACKEND": backend, "LAYERWISE_PARTS": "keras"},
        cwd=root,
    ).returncode


def hint(
    target: Target = None,
    again: Annotated[
        bool, typer.Option("--again", help="Those you have seen; no new one.")
    ] = False,
) -> None:
    """One hint more each time; never the solution."""
    root, out = project_root(), console()
    exercise = _single(root, target)
    steps = hints.ladder(exercise, root)
    name = short_name(exercise)
    if not steps:
        raise CheckingFailed(f"There are no hints for {name} yet.")
    read = progress.read(root)
    warn(read.warning)
    seen = min(read.hints_seen(exercise), len(steps))
    shown = seen if again else min(seen + 1, len(steps))
    if not shown:
        raise CheckingFailed(f"No hint seen yet. The first: layerwise hint {name}")
    out.print(Text(f"{name}, step {shown} of {len(steps)}\n", style="bold"))
    for number, step in enumerate(steps[:shown], start=1):
        style = "" if number == shown else "dim"
        out.print(Padding(Text(f"{number}. {step}", style=style), (0, 0, 1, 2), expand=False))
    if shown == len(steps):
        out.print(
            f"That was all there is to hint at. The lesson says the rest: "
            f"exercises/{exercise.unit}/README.md"
        )
    elif not again:
        out.print(Text(f"One step more: layerwise hint {name}", style="dim"))
    if shown > seen:
        warn(progress.record_hint(root, exercise, shown))


def reset(
    target: Annotated[
        str, typer.Argument(help="The exercise.", autocompletion=overview.complete)
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """Put the stub back; your version is kept in .layerwise/backups."""
    root, out = project_root(), console()
    pristine.remember(root)
    exercise = _single(root, target)
    stub = pristine.stub(exercise, root)
    file = root / "exercises" / exercise.path
    shown = Path("exercises", exercise.path)
    if stub is None:
        raise CheckingFailed(
            f"Nobody knows how {shown} began. Take it from a fresh copy of the course."
        )
    if not file.exists():
        _write(file, stub.text)
        out.print(f"{shown} is there again, {stub.origin}.", soft_wrap=True)
        return
    if file.read_bytes().replace(b"\r\n", b"\n") == stub.text.encode():
        out.print(f"{shown} is still as it was at the beginning.", soft_wrap=True)
        return
    backup = _backup_path(root, exercise)
    if not (yes or _agreed(f"Replace your {shown} by the stub? A copy is kept.")):
        out.print("Nothing was changed.")
        return
    backup.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, backup)
    _write(file, stub.text)
    out.print(f"{shown} is a stub again, {stub.origin}.", soft_wrap=True)
    out.print(f"Your version: {backup.relative_to(root)}", soft_wrap=True)


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CheckingFailed(f"{question} Nobody is here to ask; if so, add --yes.")
    return typer.confirm(question)


def _backup_path(root: Path, exercise: Exercise) -> Path:
    """A new name: `.layerwise/backups/u05_convolution/conv2d-2026-05-04-17-30-12.py`."""
    now = f"{datetime.now():%Y-%m-%d-%H-%M-%S}"
    folder = root / ".layerwise" / "backups" / exercise.unit
    path, number = folder / f"{exercise.name}-{now}.py", 1
    while path.exists():
        number += 1
        path = folder / f"{exercise.name}-{now}-{number}.py"
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
    out.print(Text("\n".join(kept)), soft_wrap=True)


def _single(root: Path, target: str | None) -> Exercise:
    """One exercise: the one named, or the one in work."""
    if target is None:
        in_work = overview.current(root, overview.states(root))
        if in_work is None:
            raise CheckingFailed("Everything is done here. Name one: layerwise list")
        return in_work
    found = syllabus.find(target)
    if len(found) > 1:
        names = ", ".join(short_name(exercise) for exercise in found)
        raise CheckingFailed(f"{target} is a unit: say which of {names}.")
    return found[0]
