"""`layerwise verify`, `mutate`, `stubs` and `new`: the maintainer's commands."""

import importlib.util
import os
import time
import warnings
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from course import syllabus
from course.cli.client import CheckingFailed, project_root


def stubs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a stub has drifted.")
    ] = False,
) -> None:
    """Write the stubs from the solutions."""
    from autograder.authoring import stubs as writing

    root, console = project_root(), Console()
    changed = []
    for exercise in syllabus.exercises():
        try:
            if check:
                drifted = not writing.in_sync(exercise, root)
            else:
                drifted = writing.write(exercise, root)
        except (FileNotFoundError, writing.BadRegion) as error:
            raise CheckingFailed(f"{exercise.id}: {error}") from error
        if drifted:
            changed.append(f"exercises/{exercise.path}")
    if check and changed:
        raise CheckingFailed(
            f"Not what their solutions give: {', '.join(changed)}. Run: layerwise stubs"
        )
    console.print(f"{len(changed)} stubs written" if changed else "All stubs in sync.")


def verify(
    target: Annotated[
        list[str] | None, typer.Argument(help="Exercises or units; all if none.")
    ] = None,
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
) -> None:
    """Prove the checks: stubs get nothing, solutions all, known mistakes are named."""
    from course.cli.doctor import backend as chosen

    root, console = project_root(), Console()
    os.environ["KERAS_BACKEND"] = backend or chosen()
    os.environ["LAYERWISE_PARTS"] = "keras"  # as when students are graded
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from autograder.sandbox.backend import settle

    settle()
    warnings.simplefilter("ignore")  # of mistakes: dividing by 0 is what some are about
    wanted = [e for t in target for e in syllabus.find(t)] if target else None
    from autograder.authoring.verify import Verifier

    verifier = Verifier(root)
    problems = 0
    for exercise in wanted or syllabus.exercises():
        started = time.perf_counter()
        with console.status(f"{exercise.id} …") as status:

            def show(step: str, name: str = exercise.id, status=status) -> None:
                status.update(f"{name}: {step}")

            proof = verifier.verify(exercise, show)
        problems += len(proof.problems)
        mark = "[red]✗[/]" if proof.problems else "[green]✓[/]"
        console.print(
            f"{mark} {exercise.id}: {proof.checks} checks, {proof.mistakes} mistakes, "
            f"{proof.caught_in_public} caught in public "
            f"[dim]({time.perf_counter() - started:.1f} s)[/]"
        )
        for problem in proof.problems:
            console.print(f"    {escape(problem)}")
    if problems:
        raise CheckingFailed(f"{problems} problems on {os.environ['KERAS_BACKEND']}.")
    console.print(f"All proved on {os.environ['KERAS_BACKEND']}.")


def mutate(
    target: Annotated[
        list[str] | None, typer.Argument(help="Exercises or units; all if none.")
    ] = None,
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
) -> None:
    """Change solutions in one place each: do the checks notice?"""
    from autograder.grading.isolation import namespaced
    from course.cli.doctor import backend as chosen
    from course.cli.instructor import refuse_if_not_isolated

    refuse_if_not_isolated("namespaces")
    if importlib.util.find_spec("cosmic_ray") is None:
        raise CheckingFailed(
            "Cosmic Ray is not installed. Run: pip install -c constraints.txt "
            "-e '.[mutation]'"
        )
    root, console = project_root(), Console()
    os.environ["KERAS_BACKEND"] = backend = backend or chosen()
    os.environ["LAYERWISE_PARTS"] = "keras"  # as when students are graded
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from autograder.sandbox.backend import settle

    settle()
    wanted = [e for t in target for e in syllabus.find(t)] if target else None
    from autograder.authoring import mutation, mutation_page

    with namespaced(backend) as place:
        trial = mutation.Mutation(root, place)
        for exercise in wanted or syllabus.exercises():
            with console.status(f"{exercise.id} …"):
                try:
                    tally = trial.try_all(exercise)
                except ValueError as error:
                    raise CheckingFailed(str(error)) from error
            page = mutation_page.write(root, [tally], backend)
            console.print(
                f"{exercise.id}: {tally.mutants} mutants, "
                f"{len(tally.survivors)} survive"
            )
            for mutant in tally.survivors:
                console.print(
                    escape(f"    {mutant.line}: {mutant.was} → {mutant.becomes}"),
                    highlight=False,
                )
    console.print(f"Written: {page.relative_to(root)}")


def new(
    kind: Annotated[str, typer.Argument(help="exercise")],
    unit: Annotated[str, typer.Argument(help="The unit's folder, u05_convolution.")],
    name: Annotated[str, typer.Argument(help="The file's name without .py.")],
) -> None:
    """Make all files of a new exercise."""
    from autograder.authoring import scaffold

    if kind != "exercise":
        raise CheckingFailed(f"Only an exercise can be made, not {kind!r}.")
    console = Console()
    for path in scaffold.exercise(project_root(), unit, name):
        console.print(f"made {path}")
    console.print(f"Next: docs/authors.md, then layerwise verify {unit}/{name}")
