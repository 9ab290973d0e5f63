"""Every layer and network of u03 to u08 beside Keras's own: time and memory.

    python bench/layers.py --quick                        some of each group: try it
    python bench/layers.py --only 'Conv2D\\(64,3'          the cases that match
    python bench/layers.py --group models                 one group
    python bench/layers.py --backend torch --modes eager  one backend, one mode
    python bench/layers.py --record                       all; writes docs/benchmarks.*
    python bench/layers.py --page                         the page anew, nothing measured

With --record the rows of a part, as --only or --group choose it, replace their old ones.
A case whose two sides compute different things fails the run: nothing is recorded then.
Measure on a quiet machine; on a busy one both sides are slowed, but spreads grow.
"""

import argparse
import contextlib
import gc
import re
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

from beside import children, records, summary
from beside.cases import CASES, GROUPS, PASSES, Case
from rich.console import Console
from rich.table import Table
from rich.text import Text

from course.measuring.statistics import rounded

PAIRS, LEAST = 9, 0.02


def chosen(options: argparse.Namespace) -> list[Case]:
    """The cases that are asked for."""
    cases = [case for case in CASES if case.quick or not options.quick]
    if options.only:
        wanted = re.compile(options.only)
        cases = [case for case in cases if wanted.search(case.title)]
    if options.group:
        cases = [case for case in cases if case.group == options.group]
    if not cases:
        sys.exit(f"No case matches {options.only!r}; their names:\n{_names()}")
    return cases


def _names() -> str:
    return "\n".join(case.title for case in CASES)


def modes_for(case: Case, possible: tuple[str, ...], every: bool) -> list[str]:
    """Eager always; what is compiled only where that does not take minutes."""
    slow = {"compile": not case.compiled, "xla": case.long}
    return [mode for mode in possible if every or not slow.get(mode, False)]


def measure_here(options: argparse.Namespace) -> None:
    """The child: measures on its backend and tells its rows."""
    with contextlib.redirect_stdout(sys.stderr):  # what Keras prints is no row
        from beside import measuring, memory, passes

        from course.measuring import system
    if memory.can_be_measured():
        memory.settle()
    gc.collect()
    gc.freeze()  # Keras itself is no garbage: collections look at what a case makes
    possible = passes.possible_modes()
    asked = options.modes.split(",") if options.modes else possible
    children.tell(
        machine=system.describe(options.threads, options.backend), modes=possible
    )
    for case in chosen(options):
        modes = [
            mode
            for mode in modes_for(case, possible, options.every_mode)
            if mode in asked
        ]
        rows = measuring.measure(
            case, modes, options.pairs, LEAST, lambda text: children.tell(doing=text)
        )
        try:
            for row in rows:
                children.tell(row=row)
        except measuring.Differs as error:
            children.tell(differs=str(error))
        except Exception as error:  # the others are measured; the run fails in the end
            traceback.print_exc()
            children.tell(differs=f"{case.title}: {type(error).__name__}, see above.")
        passes.forget()
        gc.collect()
        if memory.can_be_measured():
            children.tell(resident=memory.resident())


def measured(backend: str, options: argparse.Namespace) -> dict[str, Any]:
    """The section of a backend: machine, rows, how long it took, what differs."""
    started, found = time.monotonic(), {"rows": [], "differs": [], "resident": []}
    with Console(stderr=True).status(f"{backend}: starting") as status:
        for message in _messages(backend, options):
            if "row" in message:
                found["rows"].append(message["row"])
            elif "differs" in message:
                found["differs"].append(message["differs"])
            elif "doing" in message:
                status.update(Text(f"{backend}: {message['doing']}"))
            elif "resident" in message:
                found["resident"].append(message["resident"])
            else:
                found |= message
    resident = found.pop("resident")
    if resident:
        found["resident"] = max(resident)
    return {
        **found,
        "seconds": round(time.monotonic() - started),
        "pairs": options.pairs,
    }


def _messages(backend: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What the children say: one a group, for TensorFlow keeps what it has compiled."""
    for group in dict.fromkeys(case.group for case in chosen(options)):
        yield from children.run(__file__, backend, options.threads, "--group", group)


def table(section: dict[str, Any]) -> Table:
    """A line for each case and mode: ratios of each pass, memory of the last one."""
    shown = Table(title=f"{section['machine']['backend']}, ours / theirs")
    for title in ("case", "mode", *PASSES.values(), "ms", "memory"):
        shown.add_column(
            title, justify="left" if title in ("case", "mode") else "right"
        )
    for (title, mode), rows in by_line(section["rows"]):
        last = list(rows.values())[-1]
        ratios = [spread(rows[name]) if name in rows else "" for name in PASSES]
        memory = summary.memory_ratio(last)
        shown.add_row(
            title,
            mode,
            *ratios,
            f"{rounded(last['ours'] * 1e3)} / {rounded(last['theirs'] * 1e3)}",
            "" if memory is None else f"{memory:.2f}",
        )
    return shown


def by_line(rows: list[dict]) -> Iterator[tuple[tuple[str, str], dict[str, dict]]]:
    """Rows of one case and mode together, by pass."""
    lines: dict[tuple[str, str], dict[str, dict]] = {}
    for row in rows:
        lines.setdefault((row["case"], row["mode"]), {})[row["pass"]] = row
    yield from lines.items()


def spread(row: dict) -> str:
    return f"{summary.ratio(row):.2f} ({row['low']:.2f}–{row['high']:.2f})"


def show(section: dict[str, Any], console: Console) -> None:
    console.print(table(section))
    for (mode, name), parts in summary.means(section["rows"]).items():
        said = ", ".join(f"{part} {mean:.2f}" for part, mean in parts.items())
        console.print(Text(f"{mode}, {PASSES[name]}: {said}"))
    for row in summary.above(section["rows"]):
        line = f"{row['case']}, {row['mode']}, {row['pass']}: {summary.ratio(row):.2f}"
        console.print(Text(f"above {summary.WORST}: {line}"), style="yellow")
    for problem in section["differs"]:
        console.print(Text(f"differs: {problem}"), style="bold red")
    if "resident" in section:
        size = section["resident"] / 2**20
        console.print(f"Between cases a child had {size:.0f} MiB of memory at most.")
    console.print(f"{section['seconds']} s")


def main() -> None:
    parser = children.options(__doc__)
    parser.add_argument(
        "--only", help="a regular expression that a case's name matches"
    )
    parser.add_argument("--group", choices=GROUPS, help="the cases of this group")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of measurements: 9")
    parser.add_argument(
        "--every-mode", action="store_true", help="compile all cases (an hour)"
    )
    parser.add_argument(
        "--page", action="store_true", help="write docs/benchmarks.md anew, that is all"
    )
    options = parser.parse_args()
    if options.child:
        measure_here(options)
        return
    if options.page:
        records.write(records.read())
        return
    cases = chosen(options)
    console, agree = Console(width=None if sys.stdout.isatty() else 170), True
    for backend in [options.backend] if options.backend else children.BACKENDS:
        section = measured(backend, options)
        show(section, console)
        agree &= not section["differs"]
        if options.record and not section.pop("differs"):
            part = len(cases) < len(CASES) or bool(options.modes)
            paths = records.put(f"layers/{backend}", section, part=part)
            console.print(Text(f"Written: {', '.join(map(str, paths))}"))
    if not agree:
        sys.exit(
            "Some cases differ: their times would say nothing. Nothing is recorded."
        )


if __name__ == "__main__":
    main()
