"""Which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from course.plots.style import GREY, INK, SHADES, frameless, new_figure, styled, tidy


@styled
def confusion_matrix(
    labels: ArrayLike,
    predictions: ArrayLike,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Draws a table: row i, column j counts examples of class i predicted to be j.

    The number in a cell is the count; its shade is the count's share of the row, so
    that rare classes are judged like common ones. A row without examples is blank.

    Args:
        labels: The true classes, integers `(B,)`.
        predictions: The predicted classes, integers `(B,)`.
        class_names: What to call the classes; their numbers if left out.

    Raises:
        ValueError: If the shapes differ, there are no examples, or a class has no
            name.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1 or not labels.size:
        raise ValueError(
            "Labels and predictions are one class number an example; got shapes"
            f" {labels.shape} and {predictions.shape}."
        )
    smallest = min(labels.min(), predictions.min())
    largest = max(labels.max(), predictions.max())
    if class_names is None:
        class_names = [str(k) for k in range(largest + 1)]
    if smallest < 0 or largest >= len(class_names):
        raise ValueError(
            f"Classes run from {smallest} to {largest}, but there are"
            f" {len(class_names)} class names."
        )

    classes = len(class_names)
    counts = np.zeros((classes, classes), dtype="int64")
    np.add.at(counts, (labels, predictions), 1)
    return _draw(counts, class_names)


def _draw(counts: NDArray[np.int64], class_names: Sequence[str]) -> Figure:
    classes = len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.2, 0.55 * classes)
    figure = new_figure(side + 1.6, side + 0.9)
    axes = figure.subplots()
    frameless(axes)
    image = axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if shares[row, column] > 0.67 else INK if count else GREY
        axes.text(column, row, str(count), color=color, ha="center", va="center")

    slant = max(map(len, class_names)) * classes > 30
    axes.set_xticks(range(classes), class_names)
    axes.set_yticks(range(classes), class_names)
    if slant:
        axes.tick_params(axis="x", labelrotation=45)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    right, total = counts.trace(), counts.sum()
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(f"{right} of {total} right ({right / total:.1%})")
    bar = figure.colorbar(image, label="share of the true class", shrink=0.8)
    bar.outline.set_visible(False)  # type: ignore[operator]
    tidy(bar.ax)
    bar.ax.yaxis.set_major_formatter("{x:.0%}")
    return figure
