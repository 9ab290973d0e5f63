"""Which class a classifier gives to each point of a plane."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from course.plots.style import INK, MARKERS, PALETTE, new_figure, styled, tidy


@styled
def decision_boundary(
    predict: Callable[[NDArray[np.float32]], ArrayLike],
    features: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str] | None = None,
    resolution: int = 200,
) -> Figure:
    """Draws the region of each class, and the points on top.

    Args:
        predict: Given points `(N, 2)`, float32, returns for each its class: either
            class numbers `(N,)` or scores `(N, classes)`, of which the largest wins.
        features: The points to draw, `(B, 2)`.
        labels: Their true classes, integers `(B,)`.
        class_names: What to call the classes; their numbers if left out.
        resolution: `predict` is asked about resolution² points.

    Raises:
        ValueError: If the features aren't two, there are more than ten classes, or
            `predict` returns something else than one class or one row of scores a
            point. A single sigmoid output is one number, not a class: give
            `lambda x: model.predict(x)[:, 0] > 0.5`.
    """
    features, labels = np.asarray(features), np.asarray(labels)
    if features.ndim != 2 or features.shape[1] != 2:
        raise ValueError(f"A plane has two features; got shape {features.shape}.")
    across, up = (_ticks(column, resolution) for column in features.T)
    grid = np.stack(np.meshgrid(across, up), axis=-1)  # (H, W, 2)
    points = grid.reshape(-1, 2).astype("float32")
    scores = _scores(predict(points), len(points))
    scores = scores.reshape(*grid.shape[:2], -1)  # (H, W, classes)
    classes = max(scores.shape[-1], labels.max() + 1)
    if class_names is None:
        class_names = [str(k) for k in range(classes)]
    if not classes <= len(class_names) <= len(PALETTE):
        raise ValueError(
            f"There are {classes} classes and {len(class_names)} class names; each"
            f" class needs one, and {len(PALETTE)} is the most that can be told apart."
        )

    figure = new_figure(5.8, 4.5)
    axes = figure.subplots()
    tidy(axes)
    for k, name in enumerate(class_names):
        if k < scores.shape[-1]:
            _draw_region(axes, across, up, scores, k)
        members = features[labels == k]
        axes.scatter(
            members[:, 0],
            members[:, 1],
            label=name,
            color=PALETTE[k],
            marker=MARKERS[k],
            s=26,
            edgecolors="white",
            linewidths=0.6,
            zorder=3,
        )
    axes.set(xlim=across[[0, -1]], ylim=up[[0, -1]])
    axes.set(xlabel="feature 0", ylabel="feature 1")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return figure


def _ticks(column: NDArray[np.float32], resolution: int) -> NDArray[np.float64]:
    """Evenly spaced values over the column's range and a tenth beyond it."""
    margin = 0.1 * np.ptp(column) or 1.0
    return np.linspace(column.min() - margin, column.max() + margin, resolution)


def _scores(predictions: ArrayLike, points: int) -> NDArray[np.float64]:
    """One row of scores a point; for a class number, a row with a single one."""
    predictions = np.asarray(predictions)
    rows = predictions.shape[:1] == (points,)
    if rows and predictions.ndim == 2 and predictions.shape[1] > 1:
        return predictions.astype("float64")
    whole = predictions.astype("int64")
    numbers = rows and predictions.ndim == 1 and (whole == predictions).all()
    if not numbers or whole.min() < 0:
        raise ValueError(
            f"predict was given {points} points and returned {predictions.dtype} of"
            f" shape {predictions.shape}; it should return class numbers from 0 on,"
            f" ({points},), or scores, ({points}, classes)."
        )
    return np.eye(max(whole.max() + 1, 2))[whole]


def _draw_region(
    axes: Axes,
    across: NDArray[np.float64],
    up: NDArray[np.float64],
    scores: NDArray[np.float64],
    k: int,
) -> None:
    """Fills where class k wins and draws the border: the lead over the others is 0."""
    lead = scores[..., k] - np.delete(scores, k, axis=-1).max(axis=-1)  # (H, W)
    if lead.max() > 0:
        axes.contourf(across, up, lead, [0, np.inf], colors=[PALETTE[k]], alpha=0.25)
    if lead.min() < 0 < lead.max():
        axes.contour(across, up, lead, [0], colors=INK, linewidths=0.8)
