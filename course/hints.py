"""Hint ladders: `exercises/<unit>/hints.md`, a heading an exercise, a list item a step.

## conv2d

1. What lies under cell (0, 0) of the kernel as it slides over the image?
2. For each cell, that is one strided slice of the padded image.
"""

import re
from pathlib import Path

from course.syllabus import Exercise


def ladder(exercise: Exercise, root: Path) -> list[str]:
    """The steps for one exercise, in order; empty if there are none."""
    path = root / "exercises" / exercise.unit / "hints.md"
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    section = re.search(
        rf"^## {re.escape(exercise.name)}\s*\n(.*?)(?=^## |\Z)", text, re.M | re.S
    )
    if section is None:
        return []
    steps = re.split(r"^\d+\.\s+", section[1], flags=re.M)[1:]
    return [" ".join(step.split()) for step in steps]
