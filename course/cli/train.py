"""`layerwise train`: a network of the course on a data set, with checkpoints."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from course import parts as course_parts
from course.cli.backends import backend as chosen_backend
from course.cli.backends import refuse_if_broken
from course.cli.client import CheckingFailed
from course.cli.render import console

if TYPE_CHECKING:
    from course.training.checkpoints import State


def train(
    model: Annotated[str, typer.Argument(help="LeNet5, ResNet18, …")],
    data: Annotated[str, typer.Option(help="digits, mnist, cifar10, iris, …")],
    parts: Annotated[
        str, typer.Option(help="Whose layers: yours, solutions or keras.")
    ] = "",
    epochs: Annotated[
        int, typer.Option(min=1, help="How often it sees every example.")
    ] = 10,
    batch_size: Annotated[int, typer.Option(min=1)] = 64,
    learning_rate: Annotated[
        float, typer.Option(min=0, help="The highest; 0: the network's usual one.")
    ] = 0.0,
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="Compute with 16 bits.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[
        Path, typer.Option(help="The folder for checkpoints, log, pictures.")
    ] = Path("out/train"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on after the last whole epoch.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin again; forget what was there.")
    ] = False,
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
) -> None:
    """Train a network of the course; Ctrl-C keeps the last whole epoch."""
    if resume and fresh:
        raise CheckingFailed("--resume goes on and --fresh begins again: choose one.")
    prepare(backend, parts)

    from course import training  # Keras, seconds: after what can be refused at once
    from course.training import checkpoints

    folder, shown = out / f"{model}-{data}", console()
    settings = training.Settings(
        model, data, epochs, batch_size, learning_rate, mixed_precision, seed
    )
    if not (resume or fresh):
        _refuse_to_overwrite(checkpoints.read(folder), folder)
    try:
        outcome = training.train(settings, folder, shown, resume)
    except KeyboardInterrupt:
        shown.print(Text(_stopped(checkpoints.read(folder))))
        raise typer.Exit(130) from None
    shown.print(
        f"{model} on {data}: {outcome.accuracy:.2%} of the held-out examples, "
        f"{outcome.parameters:,} parameters, layers: {outcome.whose}."
    )
    for file in [folder / "log.csv", *outcome.pictures]:
        shown.print(Text(f"  {file}"))


def prepare(backend: str, parts: str) -> None:
    """Sets, before Keras is imported, what it runs on and whose layers are used.

    Raises:
        CheckingFailed: If there is no such backend or choice.
    """
    refuse_if_broken(backend)
    os.environ["KERAS_BACKEND"] = backend or chosen_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if parts:
        os.environ["LAYERWISE_PARTS"] = parts
    try:
        course_parts.choice()
    except ValueError as error:
        raise CheckingFailed(str(error)) from error


def _refuse_to_overwrite(state: "State | None", folder: Path) -> None:
    """Hours of training are not lost by typing the same line again."""
    if state is None:
        return
    if state.finished:
        raise CheckingFailed(
            f"{folder} has a training of {state.epochs} epochs: --fresh begins again in "
            "its place, --out names another folder."
        )
    raise CheckingFailed(
        f"{folder} has a training that was interrupted after epoch {state.epochs} of "
        f"{state.settings['epochs']}: --resume goes on with it, --fresh begins again."
    )


def _stopped(state: "State | None") -> str:
    if state is None:
        return "Stopped before the first epoch was over: nothing to keep."
    words = [word for word in sys.argv[1:] if word not in ("--resume", "--fresh")]
    return (
        f"Stopped. What was learned in {state.epochs} of {state.settings['epochs']} "
        f"epochs is kept. Go on with: layerwise {shlex.join(words)} --resume"
    )
