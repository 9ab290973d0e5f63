"""A piece of a NumPy network by name: `from course.numpy_parts import Dense`.

As with `course.parts`, `LAYERWISE_PARTS` says whose piece it is: your own from
u01_numpy_mlp once it has passed its checks, the reference, or, in place of Keras's
built-in, the stand-in from `course.stand_ins`.
"""

from typing import Any

from course import parts, syllabus


def source(name: str) -> tuple[str, syllabus.Exercise | None]:
    """Where the piece called `name` comes from now; see `course.parts.source`."""
    return parts.source(name, "numpy")


def __getattr__(name: str) -> Any:
    return parts.part(name, "numpy")
