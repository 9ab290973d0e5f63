"""A training that can be interrupted: kept after every epoch, resumed from there."""

import csv
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import ops


class CannotResume(Exception):
    """There is nothing to go on with, or something else; the message says what."""


class State(NamedTuple):
    """What `training.json` says of a training.

    Attributes:
        settings: What it was asked for; it can only be resumed with the same.
        epochs: How many are over.
        weights: The file that holds weights and optimizer after the last of them.
        seconds: How long they took.
        history: Each measure, epoch by epoch.
    """

    settings: dict[str, Any]
    epochs: int
    weights: str
    seconds: float
    history: dict[str, list[float]]

    @property
    def finished(self) -> bool:
        return self.epochs >= self.settings["epochs"]


class Checkpoints(keras.callbacks.Callback):
    """Keeps weights, optimizer and history after each epoch, and writes `log.csv`.

    The weights of an epoch are a file of their own, and `training.json` names the one
    that counts. It is replaced in one step after they are written: a training that is
    ended at any moment has its last whole epoch.

    Args:
        folder: Where to; made if it isn't there.
        settings: What the training was asked for.
        before: What is resumed; None for a training that begins.
    """

    def __init__(
        self, folder: Path, settings: dict[str, Any], before: State | None = None
    ):
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.settings = folder, settings
        self.seconds = before.seconds if before else 0.0
        self.history: dict[str, list[float]] = before.history if before else {}

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seconds += time.perf_counter() - self.started
        rate = ops.convert_to_numpy(self.model.optimizer.learning_rate)
        for name, value in {**(logs or {}), "learning_rate": rate}.items():
            self.history.setdefault(name, []).append(float(value))
        weights = f"epoch-{epoch + 1}.weights.h5"
        self.model.save_weights(self.folder / weights)
        state = State(self.settings, epoch + 1, weights, self.seconds, self.history)
        _replace(self.folder / "training.json", json.dumps(state._asdict(), indent=1))
        _write_log(self.folder / "log.csv", self.history)
        for old in self.folder.glob("epoch-*.weights.h5"):
            if old.name != weights:
                old.unlink()


def read(folder: Path) -> State | None:
    """What `training.json` says; None if there is none.

    Raises:
        CannotResume: If it is damaged.
    """
    file = folder / "training.json"
    if not file.exists():
        return None
    try:
        state = State(**json.loads(file.read_text(encoding="utf-8")))
        if not (folder / state.weights).exists():
            raise ValueError(f"{state.weights} is missing")
        return state
    except (ValueError, TypeError) as error:
        raise CannotResume(
            f"{file} is damaged ({error}): remove it to begin again."
        ) from error


def resumable(folder: Path, settings: dict[str, Any]) -> State:
    """The state of a training with these settings.

    Raises:
        CannotResume: If there is none, or it was asked for with other settings.
    """
    state = read(folder)
    if state is None:
        raise CannotResume(f"There is no training to resume in {folder}.")
    had = state.settings
    differing = [
        f"{key} was {had.get(key)} and is {settings.get(key)}"
        for key in sorted(had.keys() | settings.keys())
        if had.get(key) != settings.get(key)
    ]
    if differing:
        raise CannotResume(
            f"The training in {folder} is another one: {'; '.join(differing)}. Ask for "
            "the same, or begin again with --fresh."
        )
    return state


def _replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)


def _write_log(file: Path, history: dict[str, list[float]]) -> None:
    """The whole log each time, so that it never has an epoch twice."""
    new = file.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8") as written:
        writer = csv.writer(written)
        writer.writerow(["epoch", *history])
        for number, row in enumerate(zip(*history.values(), strict=True), start=1):
            writer.writerow([number, *row])
    os.replace(new, file)
