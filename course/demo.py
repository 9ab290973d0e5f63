"""`make demo`, first half: networks made of course layers, trained, measured, drawn.

LAYERWISE_PARTS=solutions python -m course.demo out
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from course import parts, plots
from course.data import Data, load

SEED = 0


class Trained(NamedTuple):
    """One network after its training.

    Attributes:
        name: What it is called in the table and in the names of its pictures.
        on: What it was trained on.
        whose: `yours` or `solutions`: where the network comes from.
        parameters: How many numbers were trained.
        accuracy: The share of held-out examples that it gets right.
        seconds: How long that took.
        files: Its pictures.
    """

    name: str
    on: str
    whose: str
    parameters: int
    accuracy: float
    seconds: float
    files: list[Path]


def train(out: Path, console: Console, share: float = 1.0) -> dict[str, Any]:
    """Trains FCNN on Iris, SimpleCNN and LeNet-5 on digits, and draws what came out.

    The layers, and the networks themselves, are those that `course.parts` gives. The
    seeds are fixed: the same backend gives the same numbers again.

    Args:
        out: The folder for the pictures; made if it isn't there.
        console: Where progress and results are shown.
        share: How much of the usual number of epochs to train.

    Returns:
        `accuracy` on examples held out and `seconds`, both by the network's name, and
        `files`, the list of the pictures.
    """
    out.mkdir(parents=True, exist_ok=True)
    columns = (
        TextColumn("{task.description:24}"),
        BarColumn(),
        TextColumn("{task.fields[note]:20}"),
        TimeElapsedColumn(),
    )
    with _one_thread(), Progress(*columns, console=console) as progress:
        found = [
            network(out, progress, share)
            for network in (_iris, _iris_petals, _simple_cnn, _lenet5)
        ]
    console.print(_table(found))
    return {
        "accuracy": {network.name: network.accuracy for network in found},
        "seconds": {network.name: network.seconds for network in found},
        "files": [file for network in found for file in network.files],
    }


def _iris(out: Path, progress: Progress, share: float) -> Trained:
    started = time.perf_counter()
    model, data, history = _flowers(progress, share, "FCNN on Iris", [0, 1, 2, 3])
    files = [plots.save(plots.training_curves(history), out / "iris_curves.png")]
    return _trained("fcnn", "FCNN", "Iris", model, data, started, files)


def _iris_petals(out: Path, progress: Progress, share: float) -> Trained:
    """A plane has two dimensions: this network sees the petals alone."""
    started = time.perf_counter()
    model, data, _ = _flowers(progress, share, "FCNN on petals", [2, 3])
    figure = plots.decision_boundary(
        lambda points: _logits(model, points), data.x_test, data.y_test,
        data.class_names,
    )  # fmt: skip
    figure.axes[0].set(
        xlabel="length of the petal, standardized",
        ylabel="width of the petal, standardized",
    )
    files = [plots.save(figure, out / "iris_boundary.png")]
    return _trained("fcnn_petals", "FCNN", "Iris, petals", model, data, started, files)


def _flowers(
    progress: Progress, share: float, title: str, features: list[int]
) -> tuple[keras.Model, Data, dict[str, list[float]]]:
    iris = load("iris")
    data = iris._replace(
        x_train=iris.x_train[:, features], x_test=iris.x_test[:, features]
    )
    keras.utils.set_random_seed(SEED)
    model = parts.FCNN((16, 8), 3, 0.1)
    batches = Batches(data.x_train, data.y_train, 16)
    history = _fit(progress, title, model, batches, data, round(40 * share), 0.02)
    return model, data, history


def _simple_cnn(out: Path, progress: Progress, share: float) -> Trained:
    started = time.perf_counter()
    data = load("digits")
    keras.utils.set_random_seed(SEED)
    model = parts.SimpleCNN()
    batches = Batches(data.x_train, data.y_train, 32)
    title, epochs = "SimpleCNN on digits", round(15 * share)
    history = _fit(progress, title, model, batches, data, epochs, 4e-3)
    logits = _logits(model, data.x_test)
    predicted = logits.argmax(axis=-1)
    pictures = {
        "curves": plots.training_curves(history),
        "confusion": plots.confusion_matrix(data.y_test, predicted, data.class_names),
        "filters": plots.filters(model.get_weights()[0]),
    }
    files = [plots.save(p, out / f"simple_cnn_{k}.png") for k, p in pictures.items()]
    return _trained("simple_cnn", "SimpleCNN", "digits", model, data, started, files)


def _lenet5(out: Path, progress: Progress, share: float) -> Trained:
    """Digits of 32×32 pixels, as light as the paper wants them, moved by a pixel.

    The softmax of distances in the tens and hundreds is sure of everything after one
    epoch, and what is sure learns no more: the loss sees a tenth of them.
    """
    started = time.perf_counter()
    plain = load("digits", size=32)
    data = plain._replace(
        x_train=1.275 * plain.x_train - 0.1, x_test=1.275 * plain.x_test - 0.1
    )
    keras.utils.set_random_seed(SEED)
    model = parts.LeNet5()
    batches = Batches(data.x_train, data.y_train, 64, shift=1)
    title, epochs = "LeNet-5 on digits", round(12 * share)
    history = _fit(progress, title, model, batches, data, epochs, 0.012, scale=0.1)
    logits = 0.1 * _logits(model, data.x_test)
    predicted, probabilities = logits.argmax(axis=-1), _softmax(logits)
    pictures = {
        "curves": plots.training_curves(history),
        "confusion": plots.confusion_matrix(data.y_test, predicted, data.class_names),
        "filters": plots.filters(model.get_weights()[0]),
        "predictions": plots.prediction_grid(
            plain.x_test, data.y_test, probabilities, data.class_names
        ),
    }
    files = [plots.save(p, out / f"lenet5_{k}.png") for k, p in pictures.items()]
    return _trained("lenet5", "LeNet5", "digits, 32×32", model, data, started, files)


class Batches(keras.utils.PyDataset):
    """Shuffled batches; images can be moved by up to `shift` pixels each way.

    Args:
        x: Examples; images `(B, H, W, C)` if they are to be moved.
        y: Their labels.
        batch_size: How many at once; the last batch takes the rest.
        shift: How far. What comes in at a border is the border's own value.
    """

    def __init__(
        self,
        x: NDArray[np.float32],
        y: NDArray[np.int64],
        batch_size: int,
        shift: int = 0,
    ):
        super().__init__()
        self.x, self.y, self.batch_size, self.shift = x, y, batch_size, shift
        self.rng = np.random.default_rng(SEED)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray, NDArray]:
        start = index * self.batch_size
        chosen = self.order[start : start + self.batch_size]
        return self._moved(self.x[chosen]), self.y[chosen]

    def on_epoch_end(self) -> None:
        self.order = self.rng.permutation(len(self.x))

    def _moved(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self.shift:
            return images
        s, (height, width) = self.shift, images.shape[1:3]
        wide = np.pad(images, ((0, 0), (s, s), (s, s), (0, 0)), mode="edge")
        corners = self.rng.integers(2 * s + 1, size=(len(images), 2))
        moved = [
            image[top : top + height, left : left + width]
            for image, (top, left) in zip(wide, corners, strict=True)
        ]
        return np.stack(moved)


def _fit(
    progress: Progress,
    title: str,
    model: keras.Model,
    batches: Batches,
    data: Data,
    epochs: int,
    learning_rate: float,
    scale: float = 1.0,
) -> dict[str, list[float]]:
    """Trains with Adam; the rate rises for a tenth of the steps and then falls to 0."""
    epochs = max(epochs, 1)
    steps = epochs * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=learning_rate, warmup_steps=steps // 10
    )

    def cross_entropy(labels: Any, logits: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(
            labels, scale * logits, from_logits=True
        )

    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=cross_entropy,
        metrics=["accuracy"],
        jit_compile=False,  # XLA takes a minute for what is then run in half of it
    )
    task = progress.add_task(title, total=steps, note="")
    history = model.fit(
        batches,
        epochs=epochs,
        validation_data=(data.x_test, data.y_test),
        callbacks=[Bar(progress, task, epochs)],
        verbose=0,
    )
    return history.history


class Bar(keras.callbacks.Callback):
    """Moves a bar of rich's while a model trains."""

    def __init__(self, progress: Progress, task: TaskID, epochs: int):
        super().__init__()
        self.progress, self.task, self.epochs = progress, task, epochs

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.progress.advance(self.task)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        right = (logs or {}).get("val_accuracy", 0.0)
        note = f"epoch {epoch + 1}/{self.epochs} {right:.1%}"
        self.progress.update(self.task, note=note)


def _trained(
    name: str,
    part: str,
    on: str,
    model: keras.Model,
    data: Data,
    started: float,
    files: list[Path],
) -> Trained:
    right = _logits(model, data.x_test).argmax(axis=-1) == data.y_test
    parameters = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    whose, _ = parts.source(part)
    seconds = time.perf_counter() - started
    return Trained(name, on, whose, parameters, float(right.mean()), seconds, files)


def _logits(model: keras.Model, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return model.predict(x, batch_size=256, verbose=0)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return ops.convert_to_numpy(ops.softmax(logits))


def _table(found: list[Trained]) -> Table:
    table = Table("network", "trained on", "whose", box=None, pad_edge=False)
    for heading in ("parameters", "held out", "seconds"):
        table.add_column(heading, justify="right")
    for it in found:
        numbers = f"{it.parameters:,}", f"{it.accuracy:.1%}", f"{it.seconds:.0f}"
        table.add_row(it.name, it.on, it.whose, *numbers)
    return table


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Keeps PyTorch to one thread.

    These networks run many small operations. Where other programs want the processor
    too, threads that wait for each other at the end of every one of them make it
    twenty times slower.
    """
    if keras.config.backend() != "torch":
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    train(Path(sys.argv[1] if len(sys.argv) > 1 else "out"), Console())
