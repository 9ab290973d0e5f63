"""Proof of the hint ladders: every exercise has one, and what it names exists."""

import builtins
import re
from collections.abc import Iterator
from pathlib import Path

from course.hints import ladder
from course.syllabus import Exercise

MIN_STEPS = 3

_NAME = re.compile(r"`([A-Za-z_][\w.]*)(?:\([^`]*\))?`")


def problems(exercise: Exercise, root: Path) -> Iterator[str]:
    """What is wrong with the hints of one exercise, a sentence each."""
    steps = ladder(exercise, root)
    if len(steps) < MIN_STEPS:
        yield f"{len(steps)} hints; a ladder has at least {MIN_STEPS} steps"
    solution = (root / "solutions" / exercise.path).read_text(encoding="utf-8")
    for number, step in enumerate(steps, start=1):
        for name in _NAME.findall(step):
            if not _exists(name, solution):
                yield f"hint {number} names `{name}`, which is nowhere"


def _exists(name: str, solution: str) -> bool:
    first = name.partition(".")[0]
    if re.search(rf"\b{re.escape(name)}\b", solution) or hasattr(builtins, first):
        return True
    import keras
    import numpy as np

    places = {"ops": keras.ops, "keras": keras, "np": np, "numpy": np}
    value = places.get(first)
    for part in name.split(".")[1:]:
        value = getattr(value, part, None)
    return value is not None
