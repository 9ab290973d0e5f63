"""How the loss and the metrics went, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course.plots.style import BLUE, ORANGE, new_figure, styled, tidy

_LINES = (
    ("", "training", BLUE, "-"),
    ("val_", "validation", ORANGE, "--"),
)
_LINE_HEIGHT = 0.08  # Of a label, as a share of the height of the axes.


@styled
def training_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draws one panel a measure: the loss, then the metrics, in the history's order.

    Where there is a `val_loss` next to the `loss`, both lines share a panel, each
    with its name and last value at its end. Epochs count from 1. A line stops where
    the numbers stop being finite, and its label says so.

    Args:
        history: `model.fit(...).history`: for each measure, one number an epoch.

    Raises:
        ValueError: If the history holds no epoch.
    """
    measures = [name for name in history if not name.startswith("val_")]
    if not any(len(history[name]) for name in measures):
        raise ValueError("The history is empty: train for an epoch or more first.")
    measures.sort(key=lambda name: name != "loss")  # The loss first.

    figure = new_figure(4.8 * len(measures), 3.4)
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        _draw_panel(axes, history, measure)
    return figure


def _draw_panel(
    axes: Axes, history: Mapping[str, Sequence[float]], measure: str
) -> None:
    tidy(axes)
    axes.set(title=measure.replace("_", " "), xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    epochs = len(history[measure])
    axes.set_xlim((1, epochs) if epochs > 1 else (0.5, 1.5))
    ends = []
    for prefix, name, color, line in _LINES:
        values = np.asarray(history.get(prefix + measure, ()), dtype="float64")
        if not len(values):
            continue
        marker = "o" if len(values) == 1 else ""
        axes.plot(range(1, len(values) + 1), values, line, color=color, marker=marker)
        finite = values[np.isfinite(values)]
        height = finite[-1] if len(finite) else -np.inf
        ends.append((height, f"{name} {values[-1]:.3g}", color))
    _label_ends(axes, ends)


def _label_ends(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Writes to the right of each line what it is, none on top of the other."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    ends.sort()
    heights = [max((value - low) / (high - low), 0.0) for value, _, _ in ends]
    if len(ends) == 2 and heights[1] - heights[0] < _LINE_HEIGHT:
        middle = sum(heights) / 2
        heights = [middle - _LINE_HEIGHT / 2, middle + _LINE_HEIGHT / 2]
    for height, (_, text, color) in zip(heights, ends, strict=True):
        axes.text(
            1.02, height, text, color=color, va="center", transform=axes.transAxes
        )
