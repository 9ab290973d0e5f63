"""`layerwise demo`: networks of course layers trained, and a sample class graded."""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from course.cli.client import project_root

SECONDS = 2  # processor seconds of a check, so that the endless loop ends soon


def demo(
    out: Annotated[Path, typer.Option(help="Where pictures and records go.")] = Path(
        "out"
    ),
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
) -> None:
    """Train the course's own networks and grade a sample class."""
    from course.cli.doctor import backend as chosen

    root, console = project_root(), Console()
    name = backend or chosen()
    started = time.perf_counter()
    console.rule("1. Networks made of the course's own layers")
    environment = {
        **os.environ,
        "KERAS_BACKEND": name,
        "LAYERWISE_PARTS": "solutions",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",  # networks so small lose more to waiting than they gain
    }
    # A process of its own: the grader's must have Keras's layers as parts.
    command = [sys.executable, "-m", "course.demo", str(out)]
    trained = subprocess.run(command, env=environment, cwd=root)
    if trained.returncode:
        sys.exit(trained.returncode)
    console.rule("2. A class of eight, graded")
    _grade_class(root, out, console, name)
    console.rule()
    seconds = time.perf_counter() - started
    console.print(f"Done in {seconds:.0f} s on {name}. Now open:")
    for picture in sorted(out.glob("*.png")):
        console.print(f"  {picture}")
    console.print("and begin yourself with: [bold].venv/bin/layerwise[/]")


def _grade_class(root: Path, out: Path, console: Console, backend: str) -> None:
    from autograder.authoring import sample_class
    from autograder.grading import isolation
    from course import syllabus
    from course.cli.instructor import class_table, grade_files

    files = sample_class.write(out / "sample_class", root)
    (exercise,) = syllabus.find(sample_class.EXERCISE)
    report = isolation.possible()
    if not report.isolated:
        console.print(f"Without isolation, since {report.reason}")
    entries = grade_files(
        root,
        [(path, exercise) for path in files.values()],
        console,
        out / "sample_class" / "records.jsonl",
        "namespaces" if report.isolated else "none",
        backend,
        SECONDS,
        secrets.token_bytes(32),
    )
    console.print(class_table(entries, list(files)))
