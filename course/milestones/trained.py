"""Milestones that are trainings: a network, a data set, and what it must reach."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from course import data, training
from course.milestones.results import Result
from course.training import checkpoints


class Goal(NamedTuple):
    """One training of a milestone.

    Attributes:
        network: What is trained.
        data: On what.
        accuracy: The share of held-out examples that it must get right; None where its
            loss is to fall, epoch by epoch.
        epochs: How often it sees every example.
        batch_size: How many at once.
        minutes: How long that takes on one core of a busy machine, with the references'
            layers.
    """

    network: str
    data: str
    accuracy: float | None
    epochs: int
    batch_size: int
    minutes: float


_LONG = 5  # minutes; what takes longer is trained when it is asked for by name


def chosen(goals: tuple[Goal, ...], name: str = "") -> tuple[Goal, ...]:
    """The goals on the data set called `name`, or those that need no patience.

    Without a name: what needs no download, and is not long.
    """
    if name:
        return tuple(goal for goal in goals if goal.data == name)
    return tuple(
        goal for goal in goals if goal.minutes <= _LONG and data.is_here(goal.data)
    )


def run(
    unit: str, goals: tuple[Goal, ...], out: Path, console: Console
) -> Iterator[Result]:
    """Trains for one goal after the other, into a folder of its own under `out`.

    A training that was interrupted there goes on.
    """
    for goal in goals:
        yield _result(unit, goal, out, console)


def _result(unit: str, goal: Goal, out: Path, console: Console) -> Result:
    settings = training.Settings(goal.network, goal.data, goal.epochs, goal.batch_size)
    folder = out / f"{goal.network}-{goal.data}"
    state = checkpoints.read(folder)
    resume = (
        state is not None
        and not state.finished
        and state.settings == training.asked(settings)
    )
    again = f", after {state.epochs} of them" if state and resume else ""
    console.print(
        f"{goal.network} on {goal.data}: {goal.epochs} epochs{again}", style="bold"
    )
    outcome = training.train(settings, folder, console, resume)
    return Result(
        unit=unit,
        what=goal.network,
        data=goal.data,
        examples=outcome.examples,
        goal=goal.accuracy,
        accuracy=outcome.accuracy,
        losses=tuple(outcome.history["loss"]),
        seconds=outcome.seconds,
        seed=settings.seed,
        parts=outcome.whose,
        picture=outcome.pictures[0],
    )
