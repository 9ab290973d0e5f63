"""One convolution in eight ways, from loops in NumPy to Keras's: time, rate, error.

    python bench/convolutions.py --quick     the smallest shape
    python bench/convolutions.py --record    all; writes docs/benchmarks.*

The same measurement as `layerwise bench conv2d`, with the references, in every mode.
"""

import argparse
import contextlib
import sys
import time
from typing import Any

from beside import children, records
from rich.console import Console
from rich.table import Table
from rich.text import Text

from course.measuring.statistics import rounded


def measure_here(options: argparse.Namespace) -> None:
    """The child: measures all shapes in all modes of its backend."""
    with contextlib.redirect_stdout(sys.stderr):
        import keras

        from course.measuring import convolutions, machine, system
    modes = convolutions.MODES[keras.backend.backend()]
    if options.modes:
        modes = [mode for mode in modes if mode in options.modes.split(",")]
    children.tell(
        machine=system.describe(options.threads, options.backend),
        matmul=machine.matmul_rate(),
        bandwidth=machine.bandwidth(options.threads),
    )
    shapes = convolutions.SHAPES[1:2] if options.quick else convolutions.SHAPES
    for shape in shapes:
        for number, mode in enumerate(modes):
            # NumPy's own have no modes: once is enough.
            ways = [w for w in convolutions.WAYS if not (number and w.numpy)]
            for m in convolutions.measure(shape, ways, mode):
                children.tell(
                    row={
                        "case": f"{shape.title}: {m.way}",
                        "shape": shape.title,
                        "operations": shape.operations,
                        "way": m.way,
                        "mode": m.mode,
                        "pass": "forward",
                        "seconds": m.seconds,
                        "low": m.low,
                        "high": m.high,
                        "error": m.error,
                    }
                )


def measured(backend: str, options: argparse.Namespace) -> dict[str, Any]:
    """The section of a backend."""
    started, found = time.monotonic(), {"rows": []}
    with Console(stderr=True).status(f"{backend}: convolutions"):
        for message in children.run(__file__, backend, options.threads):
            if "row" in message:
                found["rows"].append(message["row"])
            else:
                found |= message
    return {**found, "seconds": round(time.monotonic() - started)}


def table(section: dict[str, Any]) -> Table:
    shown = Table(
        title=f"{section['machine']['backend']}; a matrix product does "
        f"{section['matmul'] / 1e9:.1f} · 10⁹ operations a second"
    )
    for title in ("shape", "way", "mode"):
        shown.add_column(title)
    for title in ("ms", "of a matrix product", "error"):
        shown.add_column(title, justify="right")
    for row in section["rows"]:
        rate = row["operations"] / row["seconds"]
        shown.add_row(
            row["shape"],
            row["way"],
            row["mode"],
            rounded(row["seconds"] * 1e3),
            f"{rounded(100 * rate / section['matmul'], 2)} %",
            f"{row['error']:.0e}",
        )
    return shown


def main() -> None:
    options = children.options(__doc__).parse_args()
    if options.child:
        measure_here(options)
        return
    console = Console(width=None if sys.stdout.isatty() else 130)
    for backend in [options.backend] if options.backend else children.BACKENDS:
        section = measured(backend, options)
        console.print(table(section))
        console.print(f"{section['seconds']} s")
        if options.record:
            part = options.quick or bool(options.modes)
            paths = records.put(f"convolutions/{backend}", section, part=part)
            console.print(Text(f"Written: {', '.join(map(str, paths))}"))


if __name__ == "__main__":
    main()
