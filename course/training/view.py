"""What a training shows while it runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@contextmanager
def shown(console: Console, epochs: int) -> Iterator["View"]:
    """A callback for `fit`; its bar is taken away at the end, whatever happens."""
    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, epoch="…", epochs=epochs, note="")
        yield View(progress, task, epochs)


class View(keras.callbacks.Callback):
    """A bar for the epoch that runs, a line for each that is over."""

    def __init__(self, progress: Progress, task: TaskID, epochs: int):
        super().__init__()
        self.progress, self.task, self.epochs = progress, task, epochs

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.perf_counter()
        self.progress.reset(
            self.task,
            total=self.params["steps"],
            epoch=epoch + 1,
            epochs=self.epochs,
            note="",
        )

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        note = f"loss {(logs or {}).get('loss', 0.0):.4f}"
        self.progress.update(self.task, completed=batch + 1, note=note)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        measured = logs or {}
        held_out = ", ".join(
            f"{name.removeprefix('val_').replace('_', ' ')} {value:.2%}"
            for name, value in measured.items()
            if name.startswith("val_") and name.endswith("accuracy")
        )
        self.progress.console.print(
            f"epoch {epoch + 1}/{self.epochs}: loss {measured['loss']:.4f}, held out "
            f"{measured['val_loss']:.4f}, {held_out}; "
            f"{time.perf_counter() - self.started:.0f} s"
        )
