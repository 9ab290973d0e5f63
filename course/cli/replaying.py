"""`layerwise replay`: recorded submissions judged again, with the same seeds."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from course import syllabus
from course.cli import class_view
from course.cli.client import CheckingFailed, project_root
from course.cli.feedback import clean
from course.cli.instructor import ISOLATIONS, refuse_if_not_isolated

_THIS_COMMAND = "from course.cli.main import run; run()"


def replay(
    records: Annotated[Path, typer.Argument(help="A file that grade has written.")],
    line: Annotated[int, typer.Option(help="Only this line; 0 for all.")] = 0,
    backend: Annotated[
        str, typer.Option(help="Only what was graded on torch, or tensorflow.")
    ] = "",
    isolation: Annotated[
        str, typer.Option(help="namespaces, landlock or none.")
    ] = "namespaces",
) -> None:
    """Grade recorded submissions again, same seeds, and tell what came out otherwise.

    What was graded on two backends is replayed on both.
    """
    root = project_root()
    if isolation not in ISOLATIONS:
        raise CheckingFailed(f"--isolation is {', '.join(ISOLATIONS)}.")
    found = _recorded(records, line)
    if backend and backend not in found:
        known = ", ".join(found) or "none"
        raise CheckingFailed(f"{records} holds nothing on {backend}; it has {known}.")
    refuse_if_not_isolated(isolation)
    if backend:
        found = {backend: found[backend]}
    if len(found) > 1:  # a process holds one backend
        command = [sys.executable, "-c", _THIS_COMMAND, "replay", str(records)]
        command += ["--line", str(line), "--isolation", isolation, "--backend"]
        codes = [subprocess.run([*command, name]).returncode for name in found]
        sys.exit(1 if any(codes) else 0)
    if not found:
        Console().print("Nothing of that was judged: there is nothing to replay.")
    for name, entries in found.items():
        if _differ(name, entries, root, isolation):
            sys.exit(1)


def _recorded(records: Path, line: int) -> dict[str, list[dict[str, Any]]]:
    """What was judged on each backend; one line of the file, or all.

    Raises:
        CheckingFailed: If the file isn't there, or has no such line.
        BadRecord: If a line is no record.
    """
    from autograder.grading import records as book

    if not records.exists():
        raise CheckingFailed(f"{records} is not there.")
    entries = list(book.read(records))
    if not 0 <= line <= len(entries):
        raise CheckingFailed(f"{records} has {len(entries)} lines, and no line {line}.")
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries[line - 1 : line] if line else entries:
        each = entry.get("backends") or {entry["backend"]: {}}
        for name, own in each.items():
            one = {**entry, **own, "backend": name}
            if entry["outcomes"] and one["outcomes"]:
                found.setdefault(name, []).append(one)
    return found


def _differ(
    backend: str, entries: list[dict[str, Any]], root: Path, isolation: str
) -> bool:
    """Replays on one backend; whether anything came out otherwise."""
    _choose(backend)
    from autograder.delivery.grader import place_for
    from autograder.grading import records as book
    from autograder.grading.engine import Engine

    console, differing = Console(), 0
    with (
        class_view.progress(console) as progress,
        place_for(isolation, backend) as place,
    ):
        for entry in progress.track(entries, description=f"replaying on {backend}"):
            engine = Engine(root, seconds=entry["seconds_limit"])
            name = escape(clean(entry["filename"]))
            if entry["checks_sha256"] != book.checks_hash(
                engine, syllabus.find(entry["exercise"])[0]
            ):
                console.print(f"{name}: the checks have changed since.", soft_wrap=True)
            for difference in book.replay(entry, engine, place):
                differing += 1
                console.print(
                    f"{name}: {escape(difference.check)} was "
                    f"{difference.recorded}, is {difference.now}",
                    soft_wrap=True,
                )
    console.print(
        f"{len(entries)} replayed on {backend}, {differing} checks came out otherwise."
    )
    return bool(differing)


def _choose(backend: str) -> None:
    """Settles the backend of this process, before Keras is imported."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ["LAYERWISE_PARTS"] = "keras"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from autograder.sandbox.backend import settle

    settle()
