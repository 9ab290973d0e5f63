"""Images with what a classifier takes them for, its mistakes first."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from course.plots.style import BLUE, RED, new_figure, styled


@styled
def prediction_grid(
    images: ArrayLike,
    labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str] | None = None,
    limit: int = 20,
    columns: int = 5,
) -> Figure:
    """Draws images with their predicted class and the probability given to it.

    Wrong predictions come first, the most confident ones in front; then the right
    ones, the least confident in front. A wrong one has a cross, the true class and
    a thick frame; a right one has a tick.

    Args:
        images: `(B, H, W, 1)` or `(B, H, W, 3)`, in [0, 1].
        labels: The true classes, integers `(B,)`.
        probabilities: For each image one probability a class, `(B, classes)`.
        class_names: What to call the classes; their numbers if left out.
        limit: Show at most so many.
        columns: Images in a row.

    Raises:
        ValueError: If the arrays don't belong together, or there is no image.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    probabilities = np.asarray(probabilities)
    _check(images, labels, probabilities)
    if class_names is None:
        class_names = [str(k) for k in range(probabilities.shape[1])]
    predictions = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = predictions != labels
    order = np.lexsort((np.where(wrong, -confidence, confidence), ~wrong))[:limit]

    columns = min(columns, len(order))
    rows = -(-len(order) // columns)
    figure = new_figure(1.5 * columns, 1.85 * rows + 0.4)
    title = f"{wrong.sum()} of {len(labels)} wrong"
    if wrong.any():
        title += ", shown first"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in cells:
        axes.set_axis_off()
    for axes, i in zip(cells, order, strict=False):
        axes.imshow(
            images[i].squeeze(-1) if images.shape[-1] == 1 else images[i],
            cmap="gray",
            vmin=0,
            vmax=1,
        )
        said = f"{class_names[predictions[i]]} ({confidence[i]:.0%})"
        truth = class_names[labels[i]]
        _mark(axes, said, truth if wrong[i] else None)
    return figure


def _check(
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
) -> None:
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise ValueError(
            f"Images have shape (B, H, W, 1) or (B, H, W, 3); got {images.shape}."
        )
    if labels.shape != images.shape[:1] or probabilities.shape[:-1] != labels.shape:
        raise ValueError(
            f"{len(images)} images need labels ({len(images)},) and probabilities"
            f" ({len(images)}, classes); got {labels.shape} and {probabilities.shape}."
        )


def _mark(axes: Axes, said: str, truth: str | None) -> None:
    """Writes above the image what was said and, if that was wrong, what is true."""
    color = RED if truth else BLUE
    text = f"✗ {said}\ntrue: {truth}" if truth else f"✓ {said}"
    axes.set_title(text, fontsize=9, color=color, loc="center")
    axes.add_patch(
        Rectangle(
            (0, 0),
            1,
            1,
            transform=axes.transAxes,
            fill=False,
            edgecolor=color,
            linewidth=4 if truth else 1,
            clip_on=False,
        )
    )
