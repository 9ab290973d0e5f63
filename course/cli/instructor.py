"""`layerwise grade`: judging a class with every check."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from course import syllabus
from course.cli import class_view
from course.cli.class_view import class_table
from course.cli.client import CheckingFailed, project_root
from course.cli.feedback import clean

if TYPE_CHECKING:
    from autograder.delivery.batch import Plan
    from autograder.delivery.collecting import Handed
    from autograder.delivery.gradebook import Book
    from autograder.delivery.journal import Journal
    from autograder.delivery.seat import How

__all__ = ["class_table", "grade", "grade_files"]
ISOLATIONS = ("namespaces", "landlock", "none")
BACKENDS = ("torch", "tensorflow", "both")


def grade(
    submissions: Annotated[
        list[Path],
        typer.Argument(
            help="A folder with a subfolder a student, a zip, a download of Canvas or "
            "Moodle, exercise files, notebooks."
        ),
    ],
    exercise: Annotated[
        str, typer.Option(help="The exercise, where the files' names don't tell.")
    ] = "",
    unit: Annotated[str, typer.Option(help="Only this unit's exercises.")] = "",
    backend: Annotated[str, typer.Option(help="torch, tensorflow or both.")] = "",
    jobs: Annotated[
        int, typer.Option(help="Grading processes at once; 0 for one a core.")
    ] = 0,
    records: Annotated[
        Path, typer.Option(help="Where the records go, a JSON line a submission.")
    ] = Path("out/records.jsonl"),
    gradebook: Annotated[
        str,
        typer.Option(
            help="nbgrader's: a file or a database URL, or none; gradebook.db beside "
            "the records if not given."
        ),
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a run was stopped.")
    ] = False,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Clear old results, judge all again.")
    ] = False,
    scheduler: Annotated[
        str, typer.Option(help="A Dask scheduler, tcp://host:8786: judge there.")
    ] = "",
    times: Annotated[
        Path | None,
        typer.Option(help="Who handed in when: CSV with student and submitted_at."),
    ] = None,
    isolation: Annotated[
        str,
        typer.Option(help="namespaces, landlock, or none for code that you trust."),
    ] = "namespaces",
    seconds: Annotated[
        float, typer.Option(help="Processor seconds for a check that does not say.")
    ] = 10,
) -> None:
    """Grade submissions with public and hidden checks, each in a sandbox.

    What is recorded with the same source, checks and backend is not judged again.
    """
    if resume and not records.exists():
        raise CheckingFailed(f"There is nothing to resume: {records} is not there.")
    if resume and regrade:
        raise CheckingFailed("--resume keeps results, --regrade clears them: take one.")
    from autograder.delivery import seeds

    root, console = project_root(), Console()
    how = _how(root, isolation, backend, seconds, seeds.secret(root))
    summary = class_view.Summary()
    with tempfile.TemporaryDirectory(prefix="layerwise-") as scratch:
        handed = _collected(submissions, exercise or unit, times, scratch, console)
        runs = _graded(
            handed, how, console, records, gradebook, regrade, scheduler, jobs
        )
        for entry in runs:
            summary.add(entry)
    summary.show(console)
    console.print(f"Records: [bold]{escape(str(records))}[/]")


def _how(
    root: Path, isolation: str, backend: str, seconds: float, secret: bytes
) -> "How":
    """How to grade; refuses at once what this machine can't give.

    Raises:
        CheckingFailed: If the isolation asked for is not to be had here.
    """
    from autograder.delivery.seat import How
    from course.cli.doctor import backend as chosen

    backend = backend or chosen()
    if backend not in BACKENDS:
        raise CheckingFailed(f"--backend is {', '.join(BACKENDS)}, not {backend}.")
    if isolation not in ISOLATIONS:
        raise CheckingFailed(f"--isolation is {' or '.join(ISOLATIONS)}.")
    both = ("torch", "tensorflow")
    backends = both if backend == "both" else (backend,)
    return How(str(root), backends, isolation, seconds, secret.hex())


def refuse_if_not_isolated(isolation: str) -> None:
    """There is no falling back to a weaker isolation."""
    from autograder.grading import isolation as namespaces
    from autograder.grading import landlocked

    if isolation == "none":
        return
    report = (landlocked if isolation == "landlock" else namespaces).possible()
    if not report.isolated:
        raise CheckingFailed(
            f"{report.reason} Nothing was graded. {report.way_out} For code that you "
            "trust: --isolation none"
        )


def _collected(
    places: list[Path], named: str, times: Path | None, scratch: str, console: Console
) -> "list[Handed]":
    from autograder.delivery import collecting

    only = syllabus.find(named) if named else syllabus.exercises()
    found = collecting.collect(places, only, Path(scratch))
    if times is not None:
        from autograder.delivery.times import with_times

        found = with_times(found, times)
    for problem in found.problems:
        console.print(f"Left out: {escape(clean(problem))}")
    return found.handed


def _graded(
    handed: "list[Handed]",
    how: "How",
    console: Console,
    records: Path,
    gradebook: str = "none",
    regrade: bool = False,
    scheduler: str = "",
    jobs: int = 0,
) -> Iterator[dict[str, Any]]:
    """Judges what is not done yet; each record is written before it is yielded."""
    from autograder.delivery import batch
    from autograder.delivery.journal import Journal

    if not scheduler:
        refuse_if_not_isolated(how.isolation)
    with Journal(records) as journal, _opened(gradebook, records, console) as book:
        plan = batch.plan(handed, journal, how, regrade)
        if plan.unchanged:
            console.print(
                f"{len(plan.unchanged)} are recorded already and unchanged; "
                "--regrade judges them again."
            )
        if book is not None:
            for one in plan.todo:
                book.clear(one.student, one.exercise)
            for entry in journal.entries(plan.unchanged):
                book.put(entry)
        yield from _judged(plan, how, console, journal, book, scheduler, jobs)


def _judged(
    plan: "Plan",
    how: "How",
    console: Console,
    journal: "Journal",
    book: "Book | None",
    scheduler: str,
    jobs: int,
) -> Iterator[dict[str, Any]]:
    from autograder.delivery import batch

    if not plan.todo:
        return
    done, started = 0, time.monotonic()
    if scheduler:
        from autograder.delivery.cluster import on_cluster

        entries = on_cluster(plan.todo, how, scheduler)
    else:
        from autograder.delivery.seat import cores

        jobs = min(jobs or cores(), len(plan.todo))
        entries = batch.on_this_machine(plan.todo, how, jobs)
    try:
        with class_view.progress(console) as progress:
            task = progress.add_task("starting the sandbox", total=len(plan.todo))
            for entry in entries:
                journal.write(entry)
                if book is not None:
                    book.put(entry)
                done += 1
                name = f"grading {escape(clean(entry['student']))}"
                progress.update(task, advance=1, description=name)
                yield entry
    except KeyboardInterrupt:
        done = sum(1 for _ in journal.entries(plan.todo))  # the last may be in there
        console.print(
            f"Stopped: {done} of {len(plan.todo)} are graded and recorded. The same "
            "command with --resume goes on."
        )
        raise typer.Exit(130) from None
    finally:
        entries.close()  # ends the grading processes
    rate = done / (time.monotonic() - started)
    console.print(f"{done} graded, {rate:.2g} a second.")


class _NoBook:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_) -> None:
        pass


def _opened(gradebook: str, records: Path, console: Console) -> "Book | _NoBook":
    """nbgrader's gradebook, if there is to be one."""
    from autograder.delivery import gradebook as books

    if gradebook == "none":
        return _NoBook()
    if not books.available():
        if gradebook:
            raise CheckingFailed(
                "--gradebook needs nbgrader: pip install 'layerwise[nbgrader]'"
            )
        console.print("nbgrader is not installed: records only, no gradebook.")
        return _NoBook()
    return books.Book(gradebook or str(records.with_name("gradebook.db")))


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
    """Judges files afresh, one after another.

    Returns:
        The records, in order.

    Raises:
        CheckingFailed: If the isolation asked for is not to be had here.
    """
    from autograder.delivery.collecting import Handed

    how = _how(root, isolation, backend, seconds, secret)
    handed = [Handed(p.parent.name, e, str(p), p) for p, e in found]
    graded = _graded(handed, how, console, records_file, regrade=True, jobs=1)
    return list(graded)
