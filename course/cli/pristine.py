"""What an exercise file looked like before anybody worked on it.

Three places know, in this order:

1. `solutions/`: the stub is written from the reference (the maintainer's checkout);
2. `exercises/<unit>/.stubs/<name>.py`: a copy that a released kit brings along;
3. `.layerwise/first_seen/<unit>/<name>.py`: a copy made by the first `layerwise`
   command that met the file while nothing was known of it.
"""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from course import syllabus
from course.syllabus import Exercise


@dataclass(frozen=True)
class Stub:
    """An exercise's text at the beginning.

    Attributes:
        text: The text, with `\\n` at the ends of lines.
        origin: Where it is known from, for messages.
    """

    text: str
    origin: str


def stub(exercise: Exercise, root: Path) -> Stub | None:
    """What the exercise begins with; None if nobody knows."""
    if (root / "solutions" / exercise.path).exists():
        from autograder.authoring import stubs

        return Stub(stubs.wanted(exercise, root), "written from its solution")
    shipped = root / "exercises" / exercise.unit / ".stubs" / f"{exercise.name}.py"
    if shipped.exists():
        return Stub(shipped.read_text(encoding="utf-8"), "as the course brings it")
    seen = _first_seen(exercise, root)
    if seen.exists():
        origin = "as it was when layerwise first saw it"
        return Stub(seen.read_text(encoding="utf-8"), origin)
    return None


def remember(root: Path) -> None:
    """Keeps a copy of every unwritten exercise whose stub nobody else knows.

    Only what still says NotImplementedError is copied, once. Where nothing can be
    written, nothing is: `reset` then says that it has no copy.
    """
    if (root / "solutions").is_dir():
        return
    for exercise in syllabus.exercises():
        file, copy = root / "exercises" / exercise.path, _first_seen(exercise, root)
        shipped = file.parent / ".stubs" / file.name
        if copy.exists() or shipped.exists() or not file.exists():
            continue
        with contextlib.suppress(OSError):
            if b"raise NotImplementedError" in file.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def _first_seen(exercise: Exercise, root: Path) -> Path:
    return root / ".layerwise" / "first_seen" / exercise.path
