"""The pictures that belong to a training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras import ops
from numpy.typing import NDArray

from course import data, plots
from course.data import Data

_MOST_CLASSES_DRAWN = 20  # a table of 100 × 100 counts is no picture any more


def draw(
    folder: Path,
    name: str,
    prepared: Data,
    model: Any,
    logits: NDArray,
    history: dict[str, list[float]],
) -> list[Path]:
    """Curves; which classes are taken for which; images and what they were taken for;
    the first layer's filters: those of them that there are.

    Args:
        folder: Where they go.
        name: Of the data set; the images are drawn as they were before preparation.
        prepared: The data set as the network was given it.
        model: The network.
        logits: What its loss sees of the held-out examples, `(B, classes)`.
        history: Each measure, epoch by epoch.

    Returns:
        The files, the curves first.
    """
    names, predicted = prepared.class_names, logits.argmax(axis=-1)
    drawn: dict[str, Callable[[], Any]] = {
        "curves": lambda: plots.training_curves(history)
    }
    if len(names) <= _MOST_CLASSES_DRAWN:
        drawn["confusion"] = lambda: plots.confusion_matrix(
            prepared.y_test, predicted, names
        )
    if prepared.x_test.ndim == 4:
        plain = data.load(name)
        probabilities = ops.convert_to_numpy(ops.softmax(logits))
        drawn["predictions"] = lambda: plots.prediction_grid(
            plain.x_test, plain.y_test, probabilities, names
        )
    kernels = [w for w in model.trainable_weights if len(w.shape) == 4]
    if kernels:
        drawn["filters"] = lambda: plots.filters(ops.convert_to_numpy(kernels[0]))
    return [plots.save(draw(), folder / f"{name}.png") for name, draw in drawn.items()]
