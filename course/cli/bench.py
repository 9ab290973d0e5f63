"""`layerwise bench`: how fast the ways to compute a convolution are on this machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from course.cli.client import CheckingFailed
from course.cli.render import console
from course.cli.train import prepare
from course.measuring.statistics import rounded

if TYPE_CHECKING:
    from course.measuring.convolutions import Measured

# What sets the number of threads of NumPy's and the backends' libraries, at import.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def bench(
    what: Annotated[str, typer.Argument(help="conv2d.")],
    threads: Annotated[int, typer.Option(min=1, help="That may compute.")] = 1,
    mode: Annotated[
        str, typer.Option(help="eager; on TensorFlow graph or xla, too.")
    ] = "eager",
    parts: Annotated[
        str, typer.Option(help="Whose: yours (where they pass) or solutions.")
    ] = "",
    backend: Annotated[str, typer.Option(help="torch or tensorflow.")] = "",
    out: Annotated[Path, typer.Option(help="The picture.")] = Path(
        "out/bench_conv2d.png"
    ),
) -> None:
    """Measure the convolutions you have written beside Keras's; draw a roofline."""
    if what.removeprefix("u05/").removeprefix("u05_convolution/") != "conv2d":
        raise CheckingFailed(f"There is no benchmark of {what}: layerwise bench conv2d")
    prepare(backend, parts)
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    used = os.environ["KERAS_BACKEND"]

    from course import plots  # Keras, seconds
    from course.measuring import convolutions, machine, system
    from course.plots.roofline import Point

    if mode not in convolutions.MODES.get(used, ()):
        known = ", ".join(convolutions.MODES.get(used, ())) or "none"
        raise CheckingFailed(f"There is no mode {mode} on {used}; it has: {known}.")
    shown = console()
    described = system.describe(threads, used)
    shown.print(Text(summary(described)))
    _, missing = convolutions.available()
    for sentence in missing:
        shown.print(Text(sentence), style="yellow")
    rate, bandwidth = machine.matmul_rate(), machine.bandwidth(threads)
    shown.print(
        f"A matrix product does {rate / 1e9:.1f} · 10⁹ operations a second here, memory "
        f"moves {bandwidth / 1e9:.1f} · 10⁹ bytes a second."
    )
    found = []
    for shape in convolutions.SHAPES:
        measured = convolutions.measure(shape, mode=mode)
        shown.print(table(measured, rate, bandwidth))
        found += measured
    points = [
        Point(m.way, short(m), m.shape.operations / m.shape.bytes, m.rate)
        for m in found
    ]
    title = f"{described['processor']}, {described['backend']}, {mode}"
    path = plots.save(plots.roofline(points, rate, bandwidth, title), out)
    shown.print(Text(f"The roofline: {path}"))


def summary(machine: dict) -> str:
    """One line about where the numbers come from."""
    threads = machine["threads"]
    return (
        f"{machine['processor']}, {threads} thread{'s' if threads > 1 else ''} of "
        f"{machine['cores']} cores, Keras {machine['keras']} on {machine['backend']}, "
        f"NumPy {machine['numpy']}"
    )


def short(measured: "Measured") -> str:
    """The shape's name for a picture."""
    shape = measured.shape
    return f"{shape.window}×{shape.window}, {shape.channels}→{shape.filters}, {shape.side}²"


def table(measured: "list[Measured]", rate: float, bandwidth: float) -> Table:
    """One shape: a line a way, the quickest first."""
    shape = measured[0].shape
    least = max(shape.operations / rate, shape.bytes / bandwidth)
    shown = Table(title=f"\n{shape.title}", title_justify="left", title_style="bold")
    shown.add_column("way")
    shown.add_column("whose")
    for title in ("ms", "quartiles", "10⁹ op/s", "of a matrix product", "error"):
        shown.add_column(title, justify="right")
    for m in sorted(measured, key=lambda m: m.seconds):
        shown.add_row(
            m.way,
            m.whose,
            rounded(m.seconds * 1e3),
            f"{rounded(m.low * 1e3)} – {rounded(m.high * 1e3)}",
            rounded(m.rate / 1e9),
            f"{rounded(100 * m.rate / rate, 2)} %",
            f"{m.error:.0e}",
        )
    shown.caption = f"At the roof it would take {rounded(least * 1e3)} ms."
    shown.caption_justify = "left"
    return shown
