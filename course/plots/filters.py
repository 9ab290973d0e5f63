"""The kernels of a convolution, as small pictures."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from course.plots.style import DIVERGING, frameless, new_figure, styled, tidy


@styled
def filters(kernels: ArrayLike, limit: int = 16) -> Figure:
    """Draws the kernels of a convolution, all on one scale.

    One column a filter, one row an input channel: a filter's column is what it
    multiplies a patch of the image with. White is zero, and the same weight with
    the other sign is as dark in the other colour.

    Args:
        kernels: Weights `(kernel height, kernel width, inputs, filters)`, such as
            `layer.get_weights()[0]` of a `Conv2D`.
        limit: Show at most so many inputs and so many filters, the first ones.

    Raises:
        ValueError: If there are not four axes, or a weight is not finite.
    """
    kernels = np.asarray(kernels, dtype="float64")
    if kernels.ndim != 4:
        raise ValueError(
            f"Kernels have shape (height, width, inputs, filters); got {kernels.shape}."
        )
    if not np.isfinite(kernels).all():
        raise ValueError("A kernel holds NaN or infinity: has the training diverged?")
    shown = kernels[:, :, :limit, :limit]
    height, width, inputs, outputs = shown.shape
    largest = float(np.abs(shown).max()) or 1.0

    figure = new_figure(1.9 + 0.5 * outputs, 1.0 + 0.5 * inputs)
    axes = figure.subplots()
    frameless(axes)
    axes.set_facecolor("#c8c8c8")  # Shows between the kernels, where there are NaN.
    image = axes.imshow(_mosaic(shown), cmap=DIVERGING, vmin=-largest, vmax=largest)
    axes.set_xticks(_middles(outputs, width), map(str, range(outputs)))
    axes.set_yticks(_middles(inputs, height), map(str, range(inputs)))
    axes.set(
        xlabel=_count("filter", outputs, kernels.shape[3]),
        ylabel=_count("input", inputs, kernels.shape[2]),
    )
    beside = axes.inset_axes((1 + 0.3 / outputs, 0, 0.25 / outputs, 1))
    bar = figure.colorbar(image, cax=beside, label="weight")
    bar.set_ticks(
        [-largest, 0, largest], labels=[f"−{largest:.2g}", "0", f"{largest:.2g}"]
    )
    bar.outline.set_visible(False)  # type: ignore[operator]
    tidy(beside)
    return figure


def _mosaic(kernels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lays the kernels out in one image, with lines of NaN around each of them."""
    framed = np.pad(
        kernels, ((1, 0), (1, 0), (0, 0), (0, 0)), constant_values=np.nan
    )  # (1 + height, 1 + width, inputs, filters)
    height, width, inputs, outputs = framed.shape
    rows = framed.transpose(2, 0, 3, 1).reshape(inputs * height, outputs * width)
    return np.pad(rows, ((0, 1), (0, 1)), constant_values=np.nan)


def _middles(kernels: int, side: int) -> list[float]:
    """Where the middle of each kernel comes to lie along one side of the mosaic."""
    return [(k + 0.5) * (side + 1) for k in range(kernels)]


def _count(noun: str, shown: int, total: int) -> str:
    return noun if shown == total else f"{noun} ({shown} of {total})"
