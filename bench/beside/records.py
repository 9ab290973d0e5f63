"""`docs/benchmarks.json`, and the page that is written from it."""

import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from beside import page
from beside.children import BACKENDS, ROOT
from course.measuring import system

NAME = "benchmarks.json"
PAGE = "benchmarks.md"
KEY = ("case", "what", "mode", "pass")  # what tells the rows of a section apart
SAME = ("processor", "cores", "threads", "system", "keras", "numpy", "backend")


class OtherMachine(ValueError):
    """Rows of two machines or versions don't belong into one table."""


def read(folder: Path = ROOT / "docs") -> dict[str, Any]:
    """All sections; {} if nothing has been recorded yet."""
    path = folder / NAME
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def put(
    section: str,
    found: dict[str, Any],
    folder: Path = ROOT / "docs",
    part: bool = False,
) -> list[Path]:
    """Writes a section, `kind/backend` or a name, and the page anew.

    Args:
        section: Its name.
        found: `machine`, `rows` and what else belongs to it.
        folder: Where both files are.
        part: Whether these are some of its rows: the others stay.

    Returns:
        The two files.

    Raises:
        OtherMachine: If the rows that stay are from another machine or version.
    """
    sections = read(folder)
    if part and section in sections:
        found = _merged(section, sections[section], found)
    return write(sections | {section: found}, folder)


def write(sections: dict[str, Any], folder: Path = ROOT / "docs") -> list[Path]:
    """Writes both files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / NAME, folder / PAGE]
    _write(paths[0], as_text(sections))
    _write(paths[1], page.written(sections))
    return paths


def goal_row(
    what: str,
    values: Sequence[float],
    unit: str,
    goal: float | None = None,
    more_is_better: bool = False,
) -> dict[str, Any]:
    """Something that was measured once or more often, beside its goal if it has one."""
    row = {"what": what, "value": statistics.median(values), "unit": unit, "goal": goal}
    if len(values) > 1:
        row["spread"] = f"{min(values):.3g} – {max(values):.3g}"
    return {**row, "more_is_better": True} if more_is_better else row


def goals_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """The same as on the page, for a terminal."""
    table = Table(title=title)
    for name in page.GOAL_TITLES:
        table.add_column(name)
    for row in rows:
        table.add_row(*page.goal_line(row))
    return table


def put_goals(
    name: str, title: str, command: str, rows: Sequence[dict[str, Any]], part: bool
) -> None:
    """Writes rows of `goal_row` as the section `grading/name`; see `put`."""
    machine = system.describe(os.cpu_count() or 1, *BACKENDS)
    found = {"title": title, "command": command, "machine": machine, "rows": [*rows]}
    put(f"grading/{name}", found, part=part)


def _merged(section: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    differing = [
        name for name in SAME if old["machine"].get(name) != new["machine"].get(name)
    ]
    if differing:
        was = ", ".join(f"{n}: {old['machine'].get(n)}" for n in differing)
        raise OtherMachine(
            f"{section} was measured elsewhere ({was}). Measure all of it here, or "
            "leave --record out."
        )
    rows = {tuple(row.get(k) for k in KEY): row for row in old["rows"] + new["rows"]}
    return {**old, "rows": list(rows.values())}


def as_text(sections: dict[str, Any]) -> str:
    """JSON with a line for each row, so that what has changed can be seen."""
    parts = []
    for name, section in sorted(sections.items()):
        head = {key: value for key, value in section.items() if key != "rows"}
        rows = ",\n".join(
            f"   {json.dumps(row, ensure_ascii=False)}" for row in section["rows"]
        )
        shown = (
            json.dumps(head, indent=1, ensure_ascii=False)[1:-2]
            .replace("\n", "\n ")
            .rstrip()
        )
        parts.append(f' {json.dumps(name)}: {{{shown},\n  "rows": [\n{rows}\n  ]\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    new = path.with_suffix(path.suffix + ".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
