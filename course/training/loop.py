"""A training from its first epoch, or from where it was interrupted, to its pictures."""

from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from rich.console import Console

from course import data, parts
from course.data import Data
from course.training import checkpoints, networks, pictures, view
from course.training.batches import Batches

_SHIFTS = {"digits": 1, "mnist": 1, "cifar10": 4, "cifar100": 4}  # pixels


class Settings(NamedTuple):
    """What is to be trained.

    Attributes:
        network: Its name in `course.training.networks`.
        data: The name of the data set.
        epochs: How often every example is seen.
        batch_size: How many at once.
        learning_rate: The highest of the schedule; 0 for the network's usual one.
        mixed_precision: Whether layers compute with 16 bits.
        seed: Of weights, order, dropout.
    """

    network: str
    data: str
    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 0.0
    mixed_precision: bool = False
    seed: int = 0


class Outcome(NamedTuple):
    """What a training ended with.

    Attributes:
        accuracy: The share of held-out examples that the network gets right.
        examples: How many there were to train on.
        parameters: How many numbers were trained.
        whose: `yours`, `solutions`, `keras`: who has written its layers.
        seconds: How long the epochs took, those before an interruption included.
        pictures: The files.
        history: Each measure, epoch by epoch.
    """

    accuracy: float
    examples: int
    parameters: int
    whose: str
    seconds: float
    pictures: list[Path]
    history: dict[str, list[float]]


def asked(settings: Settings) -> dict[str, Any]:
    """All that makes two trainings the same, as checkpoints keep it."""
    return {
        **settings._asdict(),
        "parts": parts.choice(),
        "backend": keras.config.backend(),
    }


def train(
    settings: Settings, folder: Path, console: Console, resume: bool = False
) -> Outcome:
    """Trains with Adam; the rate rises for a tenth of the steps and then falls to 0.

    After each epoch the network is measured on the held-out examples and kept in
    `folder`, with `log.csv`. At the end come its pictures.

    Args:
        settings: What to train.
        folder: Where everything goes.
        console: Where progress is shown.
        resume: Go on with the training that is in the folder.

    Raises:
        CannotResume: If there is none, or another one.
        CannotTrain: If network or data set aren't there, or don't go together.
    """
    state = checkpoints.resumable(folder, asked(settings)) if resume else None
    prepared = networks.prepared(settings.network, settings.data)
    networks.refuse_mismatch(settings.network, settings.data, prepared)
    if data.is_excerpt(settings.data):
        console.print(
            f"{settings.data} here is an excerpt, from LAYERWISE_DATA: "
            f"{len(prepared.x_train):,} examples to train on, {len(prepared.x_test):,} "
            "held out."
        )
    keras.utils.set_random_seed(settings.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_policy() if settings.mixed_precision else "float32")
    try:
        model = networks.made(settings.network, prepared)
        batches = _batches(settings, prepared, state.epochs if state else 0)
        _compile(model, settings, prepared, len(batches))
        model.build((None, *prepared.x_train.shape[1:]))
        model.optimizer.build(model.trainable_variables)
        if state:
            model.load_weights(folder / state.weights)
        kept = checkpoints.Checkpoints(folder, asked(settings), state)
        with view.shown(console, settings.epochs) as shown:
            model.fit(
                batches,
                epochs=settings.epochs,
                initial_epoch=state.epochs if state else 0,
                validation_data=(prepared.x_test, prepared.y_test),
                callbacks=[Reseeding(settings.seed), kept, shown],
                shuffle=False,  # Batches has done that, so that a resumption knows how
                verbose=0,
            )
        return _outcome(settings, folder, prepared, model, kept)
    finally:
        keras.config.set_dtype_policy(before)


class Reseeding(keras.callbacks.Callback):
    """Gives dropout, in each epoch, seeds that come from the epoch's number alone.

    Keras keeps no seeds with a model's weights: a training that is resumed would drop
    other units than it would have dropped. Layers have seeds of their own; on PyTorch,
    Keras's dropout uses the global one.
    """

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        rng = np.random.default_rng([self.seed, epoch])
        keras.utils.set_random_seed(int(rng.integers(2**31)))
        for variable in self.model.variables:
            if "seed_generator" in variable.path:
                variable.assign(rng.integers(2**31, size=2))


def _policy() -> str:
    """Processors have no float16 arithmetic worth using; bfloat16 they have."""
    return "mixed_float16" if _has_graphics() else "mixed_bfloat16"


def _has_graphics() -> bool:
    if keras.config.backend() == "torch":
        import torch

        return torch.cuda.is_available()
    return bool(keras.distribution.list_devices("gpu"))


def _batches(settings: Settings, prepared: Data, epoch: int) -> Batches:
    return Batches(
        prepared.x_train,
        prepared.y_train,
        settings.batch_size,
        shift=_SHIFTS.get(settings.data, 0) if settings.network != "FCNN" else 0,
        seed=settings.seed,
        epoch=epoch,
    )


def _compile(model: Any, settings: Settings, prepared: Data, steps: int) -> None:
    network = networks.find(settings.network)
    total = settings.epochs * steps
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(total - total // 10, 1),
        warmup_target=settings.learning_rate or network.learning_rate,
        warmup_steps=total // 10,
    )

    def cross_entropy(labels: Any, logits: Any) -> Any:
        scaled = network.scale * ops.cast(logits, "float32")
        return keras.losses.sparse_categorical_crossentropy(
            labels, scaled, from_logits=True
        )

    k = min(5, len(prepared.class_names) - 1)

    def top_k(labels: Any, logits: Any) -> Any:
        wide = ops.cast(logits, "float32")  # TensorFlow's top-k knows no bfloat16
        return keras.metrics.sparse_top_k_categorical_accuracy(labels, wide, k)

    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=cross_entropy,
        metrics=[
            "accuracy",
            keras.metrics.MeanMetricWrapper(top_k, name=f"top_{k}_accuracy"),
        ],
        jit_compile=False,  # XLA takes longer than it saves in trainings this short
    )


def _outcome(
    settings: Settings,
    folder: Path,
    prepared: Data,
    model: Any,
    kept: checkpoints.Checkpoints,
) -> Outcome:
    logits = np.asarray(
        model.predict(prepared.x_test, batch_size=256, verbose=0), "float32"
    )
    scaled = networks.find(settings.network).scale * logits
    drawn = pictures.draw(folder, settings.data, prepared, model, scaled, kept.history)
    return Outcome(
        accuracy=float((logits.argmax(axis=-1) == prepared.y_test).mean()),
        examples=len(prepared.x_train),
        parameters=sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        whose=networks.whose(model),
        seconds=kept.seconds,
        pictures=drawn,
        history=kept.history,
    )
