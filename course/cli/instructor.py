"""`layerwise grade` and `layerwise replay`: judging submissions with every check."""

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from course import syllabus
from course.cli.client import CheckingFailed, project_root

ISOLATIONS = ("namespaces", "landlock", "none")


def grade(
    files: Annotated[
        list[Path], typer.Argument(help="Exercise files, or folders that hold them.")
    ],
    exercise: Annotated[
        str, typer.Option(help="The exercise, where the files' names don't tell.")
    ] = "",
    records: Annotated[
        Path, typer.Option(help="Where the records go, a JSON line a submission.")
    ] = Path("out/records.jsonl"),
    isolation: Annotated[
        str,
        typer.Option(
            help="namespaces; landlock where those are refused; none for code that "
            "you trust."
        ),
    ] = "namespaces",
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
    seconds: Annotated[
        float, typer.Option(help="Processor seconds for a check that does not say.")
    ] = 10,
) -> None:
    """Grade submissions with public and hidden checks, each in a sandbox."""
    root = project_root()
    found = _find(files, exercise)
    console = Console()
    results = grade_files(
        root, found, console, records, isolation, backend, seconds, _secret(root)
    )
    console.print(class_table(results))
    console.print(f"Records: [bold]{escape(str(records))}[/]")


def _find(files: list[Path], named: str) -> list[tuple[Path, syllabus.Exercise]]:
    """The exercise files among `files`, each with its exercise.

    Raises:
        CheckingFailed: If there is none, or a file is of no known exercise.
    """
    only = set(syllabus.find(named)) if named else set(syllabus.exercises())
    found = []
    for path in files:
        if path.is_dir():
            below = sorted(p for p in path.rglob("*.py") if _exercise_of(p, only))
            if not below:
                raise CheckingFailed(f"{path} holds no exercise file (conv2d.py, …).")
        elif path.exists():
            below = [path]
        else:
            raise CheckingFailed(f"{path} is not there.")
        for file in below:
            match = _exercise_of(file, only)
            if match is None and len(only) == 1:
                (match,) = only
            if match is None:
                raise CheckingFailed(
                    f"{file}: which exercise is it? Name the file after it, or give "
                    "--exercise."
                )
            found.append((file, match))
    return found


def _exercise_of(path: Path, among: set[syllabus.Exercise]) -> syllabus.Exercise | None:
    same_name = [e for e in among if e.name == path.stem]
    in_unit = [e for e in same_name if e.unit in path.parts]
    matches = in_unit or same_name
    return matches[0] if len(matches) == 1 else None


def grade_files(
    root: Path,
    found: list[tuple[Path, syllabus.Exercise]],
    console: Console,
    records_file: Path,
    isolation: str,
    backend: str,
    seconds: float,
    secret: bytes,
) -> list[dict[str, Any]]:
    """Judges files one after another and appends a record for each.

    Returns:
        The records, in order.

    Raises:
        CheckingFailed: If the isolation asked for is not to be had here.
    """
    _choose_backend(backend)
    from autograder.grading import records, submission
    from autograder.grading.engine import Engine

    entries = []
    with (
        _progress(console) as progress,
        _place(isolation, backend_name(), progress, console) as place,
    ):
        engine = Engine(root, secret=secret, seconds=seconds)
        task = progress.add_task("grading", total=len(found))
        for path, exercise in found:
            progress.update(task, description=f"grading {escape(str(path))}")
            try:
                read = submission.read(path, exercise)
            except submission.UnreadableSubmission as error:
                entry = _unreadable(path, exercise, str(error), engine)
            else:
                started = time.perf_counter()
                result = engine.judge(read, place)
                entry = records.record(result, engine, isolation)
                entry["seconds"] = round(time.perf_counter() - started, 3)
            records.append(records_file, entry)
            entries.append(entry)
            progress.advance(task)
        progress.update(task, description="graded")
    return entries


def _progress(console: Console) -> Progress:
    return Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _unreadable(
    path: Path, exercise: syllabus.Exercise, message: str, engine: Any
) -> dict[str, Any]:
    from autograder.grading.checks import points

    return {
        "exercise": exercise.id,
        "filename": str(path),
        "points": 0.0,
        "max_points": sum(points(item) for item in engine.suite(exercise).items),
        "passed": False,
        "category": "syntax_error",
        "explanation": message,
        "outcomes": [],
        "source": "",
        "seeds": {},
    }


def _choose_backend(backend: str) -> None:
    """Settles the backend of this process, before Keras is imported."""
    from course.cli.doctor import backend as chosen

    os.environ["KERAS_BACKEND"] = backend or chosen()
    os.environ["LAYERWISE_PARTS"] = "keras"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from autograder.sandbox.backend import settle

    settle()


def backend_name() -> str:
    """The backend that `_choose_backend` has settled."""
    return os.environ["KERAS_BACKEND"]


def _place(isolation: str, backend: str, progress: Progress, console: Console) -> Any:
    """Workers of the isolation asked for; refuses rather than weakens it."""
    from autograder.grading import places

    if isolation not in ISOLATIONS:
        raise CheckingFailed(f"--isolation is {' or '.join(ISOLATIONS)}.")
    starting = progress.add_task("starting the sandbox", total=None)
    waits: dict[str, Callable[[], None]] = {"on_start": progress.refresh}
    try:
        report = places.report(isolation)
        if not report.isolated:
            raise CheckingFailed(
                f"{report.reason} Nothing was graded. {report.way_out}{_otherwise()}"
            )
        return places.workers(isolation, backend, **waits)
    finally:
        progress.remove_task(starting)


def _otherwise() -> str:
    """What else there is; never chosen without being asked for."""
    from autograder.grading import places

    weaker = " For code that you trust: --isolation none"
    if places.report("landlock").isolated:
        return f" Weaker, but to be had here: --isolation landlock.{weaker}"
    return weaker


def _secret(root: Path) -> bytes:
    """What this installation's seeds come from; made on first use, private."""
    path = root / ".layerwise" / "secret"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


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
            escape(names[number] if names else entry["filename"]),
            score,
            f"{entry['category']}: {CATEGORIES[entry['category']]}",
            escape(entry["explanation"]),
        )
    return table


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
    differing = 0
    backends = {entry["backend"] for entry in entries}
    if len(backends) > 1:
        raise CheckingFailed("The records are of two backends; replay one at a time.")
    _choose_backend(backends.pop() if backends else "")
    from autograder.grading.engine import Engine

    with (
        _progress(console) as progress,
        _place(isolation, backend_name(), progress, console) as place,
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
