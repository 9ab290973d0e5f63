"""`layerwise replay`: recorded submissions judged again, with the same seeds."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from course import syllabus
from course.cli import class_view
from course.cli.client import CheckingFailed, project_root
from course.cli.instructor import ISOLATIONS, refuse_if_not_isolated


def replay(
    records: Annotated[Path, typer.Argument(help="A file that grade has written.")],
    line: Annotated[int, typer.Option(help="Only this line; 0 for all.")] = 0,
    isolation: Annotated[
        str, typer.Option(help="namespaces, landlock or none.")
    ] = "namespaces",
) -> None:
    """Grade recorded submissions again, same seeds, and tell what came out otherwise."""
    root, console = project_root(), Console()
    if not records.exists():
        raise CheckingFailed(f"{records} is not there.")
    from autograder.grading import records as book

    try:
        entries = [e for e in book.read(records) if e["outcomes"]]
    except book.BadRecord as error:
        raise CheckingFailed(str(error)) from error
    if line:
        entries = entries[line - 1 : line]
    if isolation not in ISOLATIONS:
        raise CheckingFailed(f"--isolation is {', '.join(ISOLATIONS)}.")
    refuse_if_not_isolated(isolation)
    backends = {entry["backend"] for entry in entries}
    if len(backends) > 1:
        raise CheckingFailed("The records are of two backends; replay one at a time.")
    backend = backends.pop() if backends else "torch"
    _choose(backend)
    from autograder.delivery.grader import place_for
    from autograder.grading.engine import Engine

    differing = 0
    with (
        class_view.progress(console) as progress,
        place_for(isolation, backend) as place,
    ):
        for entry in progress.track(entries, description="replaying"):
            engine = Engine(root, seconds=entry["seconds_limit"])
            if entry["checks_sha256"] != book.checks_hash(
                engine, syllabus.find(entry["exercise"])[0]
            ):
                console.print(f"{entry['filename']}: the checks have changed since.")
            for difference in book.replay(entry, engine, place):
                differing += 1
                console.print(
                    f"{entry['filename']}: {difference.check} was "
                    f"{difference.recorded}, is {difference.now}"
                )
    console.print(f"{len(entries)} replayed, {differing} checks came out otherwise.")
    if differing:
        sys.exit(1)


def _choose(backend: str) -> None:
    """Settles the backend of this process, before Keras is imported."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ["LAYERWISE_PARTS"] = "keras"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from autograder.sandbox.backend import settle

    settle()
