"""What a machine allows, and how near to it several computations come."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.plots.style import GREY, INK, MARKERS, PALETTE, new_figure, styled, tidy

GIGA = 1e9
LABEL_GAP = 0.052  # of the picture's height, between two labels


class Point(NamedTuple):
    """A computation that was measured.

    Attributes:
        name: Of the way it was done; one colour and marker a name.
        column: Of the task; all points of a column have the same intensity.
        intensity: Operations for each byte that has to be moved.
        rate: Operations a second.
    """

    name: str
    column: str
    intensity: float
    rate: float


@styled
def roofline(
    points: Sequence[Point], rate: float, bandwidth: float, title: str = ""
) -> Figure:
    """Draws rates under the roof that memory and multiplication put over them.

    A computation that moves B bytes and does N operations takes at least
    B / `bandwidth` and at least N / `rate` seconds. So at N / B operations a byte no
    more than min(N / B · `bandwidth`, `rate`) operations a second are possible: a slope,
    then a level.

    Args:
        points: What was measured.
        rate: Operations a second at best.
        bandwidth: Bytes a second between memory and processor.
        title: Above the picture.

    Raises:
        ValueError: If there is no point, or a number is not above 0.
    """
    numbers = [rate, bandwidth, *(n for p in points for n in (p.intensity, p.rate))]
    if not points or not all(n > 0 and np.isfinite(n) for n in numbers):
        raise ValueError("A roofline needs points, and numbers above 0.")
    figure = new_figure(9, 5.6)
    axes = figure.subplots()
    left = min(rate / bandwidth, *(p.intensity for p in points)) / 1.7
    right = max(p.intensity for p in points)
    lowest = min(p.rate for p in points) / GIGA / 25  # room for the columns' names
    highest = max(rate, *(p.rate for p in points)) / GIGA * 2.4
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(left, right * 1.25),
        ylim=(lowest, highest),
        xlabel="operations a byte of images, kernel and result",
        ylabel="10⁹ operations a second",
        title=title,
    )
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.minorticks_off()
    tidy(axes)
    _roof(axes, rate, bandwidth)
    _columns(axes, points)
    _marks(axes, points)
    return figure


def _roof(axes: Axes, rate: float, bandwidth: float) -> None:
    """The slope and the level, each with what it is."""
    left, right = axes.get_xlim()
    x = np.geomspace(left, right, 200)
    axes.plot(x, np.minimum(x * bandwidth, rate) / GIGA, color=INK, linewidth=1.6)
    axes.annotate(
        f"matrix product: {rate / GIGA:.3g} · 10⁹ operations a second",
        (right, rate / GIGA),
        xytext=(-4, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=9,
    )
    axes.annotate(
        f"memory: {bandwidth / GIGA:.3g} · 10⁹ bytes a second",
        (left, min(left * bandwidth, rate) / GIGA),
        xytext=(4, -4),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=9,
    )


def _columns(axes: Axes, points: Sequence[Point]) -> None:
    """A thin line for each task, its name along it at the bottom."""
    low, _ = axes.get_ylim()
    for column, x in {p.column: p.intensity for p in points}.items():
        axes.axvline(x, color="#c8c8c8", linewidth=0.8, zorder=0)
        axes.annotate(
            column,
            (x, low),
            xytext=(-3, 4),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="bottom",
            fontsize=8,
            color=GREY,
        )


def _marks(axes: Axes, points: Sequence[Point]) -> None:
    """A colour and a marker for each name, and the name beside its last point."""
    last = {}
    for number, name in enumerate(dict.fromkeys(p.name for p in points)):
        own = sorted((p for p in points if p.name == name), key=lambda p: p.intensity)
        style = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
        axes.plot(
            [p.intensity for p in own],
            [p.rate / GIGA for p in own],
            color=style[0],
            marker=style[1],
            markersize=7,
            markeredgecolor="white",
            markeredgewidth=0.8,
            linewidth=0.8,
            alpha=0.95,
        )
        last[name] = own[-1], style
    _names(axes, last)


def _names(axes: Axes, last: dict) -> None:
    """To the right of the axes, in the order of the points, none on top of another."""
    low, high = np.log(axes.get_ylim())
    heights = {
        n: (np.log(p.rate / GIGA) - low) / (high - low) for n, (p, _) in last.items()
    }
    order = sorted(heights, key=lambda name: heights[name])
    places = np.array([heights[name] for name in order])
    for _ in range(200):  # push neighbours apart until all have room
        gaps = LABEL_GAP - np.diff(places)
        if not (gaps > 1e-6).any():
            break
        push = np.maximum(gaps, 0) / 2
        places[:-1] -= push
        places[1:] += push
    for name, place in zip(order, places, strict=True):
        point, (color, marker) = last[name]
        axes.annotate(
            name,
            (point.intensity, point.rate / GIGA),
            xytext=(1.03, place),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.8},
        )
        axes.plot(
            1.018, place, marker=marker, color=color, markersize=6,
            transform=axes.transAxes, clip_on=False,
        )  # fmt: skip
