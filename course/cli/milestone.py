"""`layerwise milestone`: what a unit's parts do together, measured and written down."""

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from course import syllabus
from course.cli.client import CheckingFailed, project_root
from course.cli.render import console
from course.cli.train import prepare

if TYPE_CHECKING:
    from course.milestones.results import Result

UNITS = ("u01", "u02", "u03", "u06", "u07")


def milestone(
    unit: Annotated[str, typer.Argument(help=f"One of {', '.join(UNITS)}.")],
    data: Annotated[
        str, typer.Option(help="Only on this data set, however long it takes.")
    ] = "",
    parts: Annotated[
        str, typer.Option(help="Whose layers: yours, solutions or keras.")
    ] = "",
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
    out: Annotated[
        Path, typer.Option(help="The folder for checkpoints, logs, pictures.")
    ] = Path("out/milestones"),
) -> None:
    """Train what the unit has built and write what came out into docs/results.md."""
    name, docs, shown = _unit(unit), project_root() / "docs", console()
    prepare(backend, parts)

    from course.milestones import results  # Keras, seconds

    all_reached = True
    try:
        for result in _measured(name, data, out / name, shown):
            page = results.write(docs, [result], os.environ["KERAS_BACKEND"])
            all_reached &= result.reached
            shown.print(Text(_line(result)))
    except KeyboardInterrupt:
        shown.print("Stopped. The same command goes on after the last whole epoch.")
        raise typer.Exit(130) from None
    shown.print(Text(f"Written into {page}"))
    if not all_reached:
        raise typer.Exit(1)


def _measured(name: str, data: str, out: Path, shown: Console) -> "Iterable[Result]":
    """The results, each as soon as it is there."""
    from course.milestones import by_hand, trained

    module = importlib.import_module(f"course.milestones.{name}")
    if not hasattr(module, "GOALS"):
        if data:
            raise CheckingFailed(f"{name} trains its networks together: no --data.")
        return by_hand.run(name, module, out)
    goals = trained.chosen(module.GOALS, data)
    if not goals:
        known = ", ".join(goal.data for goal in module.GOALS)
        raise CheckingFailed(f"{name} has no milestone on {data}; it has: {known}.")
    for goal in () if data else module.GOALS:
        if goal not in goals:
            shown.print(
                f"Left out: {goal.network} on {goal.data} takes about {goal.minutes:g} "
                f"minutes on one core: layerwise milestone {name} --data {goal.data}"
            )
    return trained.run(name, goals, out, shown)


def _line(result: "Result") -> str:
    verdict = "reached" if result.reached else "MISSED"
    goal = (
        f"the loss falls each epoch, from {result.losses[0]:.3f} to "
        f"{result.losses[-1]:.3f}"
        if result.goal is None
        else f"at least {result.goal:.1%}"
    )
    return (
        f"{result.what} on {result.data}: {result.accuracy:.2%} held out; {goal}: "
        f"{verdict}, in {result.seconds:.0f} s, layers: {result.parts}"
    )


def _unit(text: str) -> str:
    """`u03` of `u03` or `u03_layers`.

    Raises:
        CheckingFailed: If there is no such unit, or it has no milestone.
    """
    number = text.partition("_")[0]
    if number in UNITS:
        return number
    if any(number == unit.number for unit in syllabus.units()):
        raise CheckingFailed(f"{text} has no milestone; {', '.join(UNITS)} have one.")
    raise CheckingFailed(f"There is no unit called {text}.")
