"""`docs/benchmarks.md`, written from what was recorded."""

from collections.abc import Iterator
from typing import Any

from beside import summary
from beside.cases import CASES, PASSES
from course.measuring.statistics import rounded

Section = dict[str, Any]
Row = dict[str, Any]

HEAD = """# Benchmarks

Is a layer that was written by hand slow? This page is written by the programs in `bench/`
from `docs/benchmarks.json`; the command that measures a table again stands under it.
Numbers of different machines don't belong beside each other: measure on your own.
"""
ABOUT_LAYERS = """## Layers and networks beside Keras's own

On one side a layer or network of `solutions/`, on the other Keras's of the same name, or the
network of keras.applications. Where neither exists (blocks, most networks) the other side is
the course's class, its layers replaced by Keras's. Both have the same weights, inputs and
dtype, float32, and before anything is measured both must give the same result (to 1e-3 of its
largest number): the outputs, the loss, every gradient. What draws at random must agree in mean
and spread. Networks have no dropout here.

- *forward* is inference. *forward + backward*: the loss (mean of squares; for networks
  cross-entropy), its gradients for the weights and for the input. *train step*: the same and a
  step of SGD; the input of a whole network gets no gradient. A layer without weights has no
  step; in means of train steps its forward + backward stands.
- *eager* is how both backends run a layer that is called. *graph* is `tf.function`, *xla* the
  same with `jit_compile`, *compile* is `torch.compile` of the layer. What takes minutes to
  compile (some of each group under `torch.compile`, the largest networks under XLA) is compiled
  with `--every-mode` alone.
- The two sides are measured in turn, ours, theirs, ours, theirs, …, so that a busy machine slows
  both. A measurement lasts 20 ms at least. A ratio is that of the two medians, ours / theirs:
  below 1 the course's is faster. In brackets the quartiles of the pairs' ratios.
- *memory* is the peak of the process's resident set above what it was before the pass, ours /
  theirs; empty where both are under 1 MiB, which the resident set doesn't show well. The C
  library is made to return every array at once meanwhile, or a pass would live on what the one
  before it has left.
- Goals: a geometric mean of train steps of at most 1.0 over the layers and over the networks,
  no row above 2.0, memory at most 1.5.
"""
ABOUT_CONVOLUTIONS = """## One convolution in eight ways

Loops in NumPy, im2col, Winograd, Fourier, the layer `Conv2D`, and Keras's. The fraction is of the
best rate of a float32 matrix product in the same run, with the same threads. A rate counts the
operations of the definition, 2·B·H'·W'·kh·kw·C·F, however few a way needs. The error is the
largest difference from the result in float64, by the largest output. What takes half a second and
more is measured once.
"""
ABOUT_GRADING = """## Checking and grading

How long a student waits and how fast a class is graded, with the goals that the course was
built for.
"""


def written(sections: dict[str, Section]) -> str:
    """The page of all sections."""
    parts = [HEAD]
    layers = _of_kind(sections, "layers/")
    if layers:
        parts.append(ABOUT_LAYERS)
        parts += [_in_short(section) for section in layers]
        parts += [text for section in layers for text in _by_group(section)]
    convolutions = _of_kind(sections, "convolutions/")
    if convolutions:
        parts += [ABOUT_CONVOLUTIONS, *map(_ways, convolutions)]
    tables = _of_kind(sections, "grading/")
    if tables:
        parts += [ABOUT_GRADING, *map(_goals, tables)]
    return "\n".join(parts)


def _of_kind(sections: dict[str, Section], kind: str) -> list[Section]:
    return [sections[name] for name in sorted(sections) if name.startswith(kind)]


def table(titles: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A Markdown table, all columns but the first ones to the right."""
    rule = ["---" if n < left else "---:" for n in range(len(titles))]
    lines = [titles, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def where(machine: dict[str, Any]) -> str:
    """One sentence: what it was measured on."""
    threads = machine["threads"]
    return (
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{threads} thread{'s' if threads > 1 else ''}; {machine['system']}, Python "
        f"{machine['python']}, Keras {machine['keras']}, {machine['backend']}, NumPy "
        f"{machine['numpy']}; {machine['date']}."
    )


def _command(text: str) -> str:
    return f"\n    {text}\n"


def _name(section: Section) -> str:
    return section["machine"]["backend"].partition(" ")[0]


def _in_short(section: Section) -> str:
    """Geometric means by group, and the rows that are too slow."""
    rows, name = section["rows"], _name(section)
    means, memory = summary.means(rows), summary.memory_means(rows)
    columns = [(mode, kind) for mode in summary.modes_of(rows) for kind in PASSES]
    parts = [*summary.groups_of(rows), "layers", "all"]
    lines = []
    for part in parts:
        ratios = [_number(means[column].get(part)) for column in columns]
        sizes = [_number(memory[mode].get(part)) for mode in summary.modes_of(rows)]
        lines.append([_said(part), *ratios, *sizes])
    titles = ["geometric mean of", *(f"{m}: {PASSES[k]}" for m, k in columns)]
    titles += [f"{mode}: memory of a train step" for mode in summary.modes_of(rows)]
    text = f"### {name}, in short\n\n{where(section['machine'])} "
    cases = len({row["case"] for row in rows})
    text += (
        f"{cases} of {len(CASES)} cases, {len(rows)} rows, {section['pairs']} pairs a "
    )
    text += f"row; {_took(section)}\n\n"
    text += table(titles, lines)
    command = f"python bench/layers.py --backend {name} --record"
    return text + _command(command) + "\n" + _too_slow(section)


def _said(part: str) -> str:
    return {"layers": "all layers (no blocks, no models)"}.get(part, part)


def _took(section: Section) -> str:
    text = f"the whole run took {section['seconds'] / 60:.0f} minutes."
    if "resident" in section:
        size = section["resident"] / 2**20
        text += (
            f" Its processes, one a group, had {size:.0f} MiB between cases at most."
        )
    if "compile" not in section.get("modes", ["compile"]) and _name(section) == "torch":
        text += " There is no C++ compiler on this machine: no torch.compile."
    return text


def _too_slow(section: Section) -> str:
    slow = summary.above(section["rows"])
    if not slow:
        return f"No row is above {summary.WORST:g}.\n"
    lines = [
        [row["case"], row["mode"], PASSES[row["pass"]], _ratio(row), _times(row)]
        for row in slow
    ]
    text = (
        f"{len(slow)} of {len(section['rows'])} rows are above {summary.WORST:g}:\n\n"
    )
    titles = ["case", "mode", "pass", "ours / theirs", "ms"]
    command = f"python bench/layers.py --backend {_name(section)} --only 'NAME'"
    return text + table(titles, lines, left=3) + _command(command)


def _by_group(section: Section) -> Iterator[str]:
    """A table for each group, a line for each case and mode."""
    name = _name(section)
    for group in summary.groups_of(section["rows"]):
        lines: dict[tuple[str, str], dict[str, Row]] = {}
        for row in section["rows"]:
            if row["group"] == group:
                lines.setdefault((row["case"], row["mode"]), {})[row["pass"]] = row
        shown = []
        for (case, mode), by_pass in lines.items():
            last = list(by_pass.values())[-1]
            ratios = [_ratio(by_pass[p]) if p in by_pass else "" for p in PASSES]
            size = _number(summary.memory_ratio(last))
            shown.append([case, mode, *ratios, _times(last), _sizes(last), size])
        titles = ["case", "mode", *PASSES.values(), "last pass, ms", "MiB", "memory"]
        command = f"python bench/layers.py --backend {name} --group '{group}'"
        yield (
            f"### {name}: {group}\n\n{table(titles, shown, left=2)}{_command(command)}"
        )


def _ratio(row: Row) -> str:
    return f"{summary.ratio(row):.2f} ({row['low']:.2f}–{row['high']:.2f})"


def _times(row: Row) -> str:
    return f"{rounded(row['ours'] * 1e3)} / {rounded(row['theirs'] * 1e3)}"


def _sizes(row: Row) -> str:
    if "memory" not in row:
        return ""
    return " / ".join(f"{size / 2**20:.1f}" for size in row["memory"])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _ways(section: Section) -> str:
    """One table a backend, a line for each shape, way and mode."""
    name = _name(section)
    lines = []
    for row in section["rows"]:
        rate = row["operations"] / row["seconds"]
        lines.append(
            [
                row["shape"],
                row["way"],
                row["mode"],
                rounded(row["seconds"] * 1e3),
                f"{rounded(row['low'] * 1e3)} – {rounded(row['high'] * 1e3)}",
                rounded(rate / 1e9),
                f"{rounded(100 * rate / section['matmul'], 2)} %",
                f"{row['error']:.0e}",
            ]
        )
    titles = ["shape", "way", "mode", "ms", "quartiles", "10⁹ op/s"]
    titles += ["of a matrix product", "error"]
    text = f"### {name}\n\n{where(section['machine'])} A matrix product does "
    text += (
        f"{section['matmul'] / 1e9:.1f} · 10⁹ operations a second here, memory moves "
    )
    text += f"{section['bandwidth'] / 1e9:.1f} · 10⁹ bytes a second.\n\n"
    command = f"python bench/convolutions.py --backend {name} --record"
    return text + table(titles, lines, left=3) + _command(command)


GOAL_TITLES = ("what", "measured", "spread", "goal", "")


def _goals(section: Section) -> str:
    """What was measured beside what was aimed at."""
    text = f"### {section['title']}\n\n{where(section['machine'])}\n\n"
    lines = [goal_line(row) for row in section["rows"]]
    return text + table([*GOAL_TITLES], lines) + _command(section["command"])


def goal_line(row: Row) -> list[str]:
    """The cells of a row that `records.goal_row` has made."""
    value = f"{row['value']:.3g} {row['unit']}".strip()
    return [row["what"], value, row.get("spread", ""), _goal(row), _met(row)]


def _goal(row: Row) -> str:
    if row.get("goal") is None:
        return ""
    sign = "≥" if row.get("more_is_better") else "≤"
    return f"{sign} {row['goal']:g} {row['unit']}".strip()


def _met(row: Row) -> str:
    goal = row.get("goal")
    if goal is None:
        return ""
    better = row["value"] >= goal if row.get("more_is_better") else row["value"] <= goal
    return "met" if better else "missed"
