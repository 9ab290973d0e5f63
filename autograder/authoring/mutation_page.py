"""docs/mutation.md: what mutants the checks let through, written by the program alone."""

import json
from pathlib import Path
from typing import Any

from autograder.authoring.mutation import Tally, judged

GOAL = 0.95
PAGE, DATA = Path("docs/mutation.md"), Path("docs/mutation.json")
_HEAD = """# Mutation

What `layerwise mutate` has found: what students write of every solution, changed in one
place by Cosmic Ray's operators, each mutant judged by the public and hidden checks. Written by the program from
mutation.json; what is said of survivors stands in `autograder/authoring/equivalent.toml`.
A mutant is equivalent if nothing that the exercise promises tells it from the solution;
the share is that of the others that are caught.

"""


def write(root: Path, tallies: list[Tally], backend: str) -> Path:
    """Puts what was found now in the place of what was known of these exercises."""
    data = root / DATA
    rows = json.loads(data.read_text(encoding="utf-8")) if data.exists() else {}
    for tally in tallies:
        rows[f"{tally.exercise.id} on {backend}"] = {
            "mutants": tally.mutants,
            "survivors": [
                [m.operator, m.line, m.was, m.becomes] for m in tally.survivors
            ],
        }
    rows = dict(sorted(rows.items()))
    data.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    page = root / PAGE
    page.write_text(
        _HEAD + _table(root, rows) + _survivors(root, rows), encoding="utf-8"
    )
    return page


def counts(root: Path, name: str, row: dict[str, Any]) -> tuple[int, int, int]:
    """Mutants, the equivalent among them, and the others that survive."""
    known = judged(root).get(name.split(" on ")[0], {})
    survivors = [
        known.get((was, becomes), {}) for _, _, was, becomes in row["survivors"]
    ]
    equivalent = sum(entry.get("equivalent", False) for entry in survivors)
    return row["mutants"], equivalent, len(survivors) - equivalent


def share(mutants: int, equivalent: int, gaps: int) -> float:
    """Of the mutants that differ, how many are caught; 1 if none differs."""
    different = mutants - equivalent
    return 1 - gaps / different if different else 1.0


def _table(root: Path, rows: dict[str, Any]) -> str:
    lines = ["| exercise | mutants | equivalent | caught | survive | share |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    total = (0, 0, 0)
    for name, row in rows.items():
        found = counts(root, name, row)
        total = tuple(map(sum, zip(total, found, strict=True)))  # type: ignore[assignment]
        lines.append(_line(name, found))
    lines.append(_line("**all**", total))
    return "\n".join(lines) + "\n"


def _line(name: str, found: tuple[int, int, int]) -> str:
    mutants, equivalent, gaps = found
    caught = mutants - equivalent - gaps
    missed = "" if share(*found) >= GOAL else f" (goal {GOAL:.0%})"
    cells = name, f"{mutants:,}", str(equivalent), f"{caught:,}", str(gaps)
    return f"| {' | '.join(cells)} | {share(*found):.1%}{missed} |"


def _survivors(root: Path, rows: dict[str, Any]) -> str:
    known = judged(root)
    text = ""
    for name, row in rows.items():
        if row["survivors"]:
            text += f"\n## {name}\n\n"
        for operator, line, was, becomes in row["survivors"]:
            entry = known.get(name.split(" on ")[0], {}).get((was, becomes))
            kind = "equivalent: " if entry and entry["equivalent"] else ""
            reason = entry["reason"] if entry else "not looked at yet"
            becomes = becomes or "(gone)"
            text += (
                f"- line {line}, {operator}: `{was}` → `{becomes}`\n  {kind}{reason}\n"
            )
    return text
