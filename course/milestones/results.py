"""docs/results.md: what the milestones have measured, written by the program alone."""

import json
import os
import platform
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

_HEAD = """# Results

What `layerwise milestone UNIT` has measured, the latest run of each on each backend.
Written by the program; don't edit: it is made from results/results.json.

`loss` is the mean over the first and over the last epoch of training. Where the goal is
`falls`, no epoch's loss may be above that of the one before.

| unit | what | data | trained on | epochs | loss | goal | reached | layers | seed | backend | threads | seconds | picture |
|---|---|---|---:|---:|---:|---:|---:|---|---:|---|---:|---:|---|
"""


class Result(NamedTuple):
    """One thing that a milestone has measured.

    Attributes:
        unit: `u03`.
        what: The network.
        data: What it was trained on.
        examples: How many examples that was.
        goal: The share of held-out examples that it must get right; None if its loss
            is to fall, epoch by epoch.
        accuracy: The share that it gets right.
        losses: Of training, epoch by epoch; empty where it is not recorded.
        seconds: How long the training took.
        seed: What it was seeded with.
        parts: Who has written its layers.
        picture: The file to show, or None.
    """

    unit: str
    what: str
    data: str
    examples: int
    goal: float | None
    accuracy: float
    losses: tuple[float, ...]
    seconds: float
    seed: int
    parts: str
    picture: Path | None

    @property
    def reached(self) -> bool:
        """Whether it is what it must be. A loss that is not finite never falls."""
        if self.goal is not None:
            return self.accuracy >= self.goal
        pairs = zip(self.losses, self.losses[1:], strict=False)
        return len(self.losses) > 1 and all(later < loss for loss, later in pairs)


def write(docs: Path, results: Iterable[Result], backend: str) -> Path:
    """Puts results in the place of those they replace; the page's path.

    Args:
        docs: The folder of `results.md`; made if it isn't there.
        results: What was measured now.
        backend: On what.
    """
    kept = docs / "results"
    kept.mkdir(parents=True, exist_ok=True)
    file = kept / "results.json"
    rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for result in results:
        key = f"{result.unit} {result.what} {result.data} {result.parts} {backend}"
        rows[key] = _row(result, backend, kept)
    rows = dict(sorted(rows.items()))
    _replace(file, json.dumps(rows, indent=1) + "\n")
    page = docs / "results.md"
    _replace(page, _HEAD + "".join(map(_line, rows.values())))
    return page


def _row(result: Result, backend: str, kept: Path) -> dict[str, Any]:
    row = {**result._asdict(), "reached": result.reached, "backend": backend}
    row["python"] = platform.python_version()
    row["threads"] = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    row["picture"] = ""
    if result.picture is not None:
        name = f"{result.unit}_{result.what}_{result.data}_{result.parts}_{backend}.png"
        shutil.copyfile(result.picture, kept / name)
        row["picture"] = f"results/{name}"
    return row


def _line(row: dict[str, Any]) -> str:
    losses, goal = row["losses"], row["goal"]
    missed = "" if row["reached"] else " (missed)"
    cells = (
        row["unit"],
        row["what"],
        row["data"],
        f"{row['examples']:,}",
        str(len(losses)) if losses else "",
        f"{losses[0]:.3g} → {losses[-1]:.3g}" if losses else "",
        "falls" if goal is None else f"{goal:.1%}",
        f"{row['accuracy']:.2%}{missed}",
        row["parts"],
        str(row["seed"]),
        row["backend"],
        str(row["threads"]),
        f"{row['seconds']:.0f}",
        f"[picture]({row['picture']})" if row["picture"] else "",
    )
    return f"| {' | '.join(cells)} |\n"


def _replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)
