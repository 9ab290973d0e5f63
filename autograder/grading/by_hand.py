"""When somebody runs pytest on checks directly, without the `layerwise` command."""

import atexit
import functools
import os
from pathlib import Path

import pytest

from autograder.grading import engine, submission
from autograder.grading.current import PUBLIC_SECRET, Run
from autograder.grading.transport import InThisProcess, Place, unisolated
from course import syllabus


def run_for(item: pytest.Function) -> Run:
    """The run for one check: the reference under `pytest solutions`, else the file
    beside the check.
    """
    folder = item.stash.get(REFERENCE, "exercises")
    unit, name = item.path.parent.name, item.path.stem.removeprefix("test_")
    (exercise,) = syllabus.find(f"{unit}/{name}")
    path = item.config.rootpath / folder / exercise.path
    shown = str(Path(folder) / exercise.path)
    try:
        found = submission.read(path, exercise, shown)
    except submission.UnreadableSubmission as error:
        pytest.fail(str(error), pytrace=False)
    verdict = engine.judge_source(found)
    if verdict is not None:
        raise verdict
    inline = folder == "solutions" or item.config.getoption("--inline")
    return Run(found, InThisProcess() if inline else _workers(), PUBLIC_SECRET)


def lacking(item: pytest.Function) -> list[str]:
    """The checks that `item` needs and that have not passed, in this session."""
    marker = item.get_closest_marker("needs")
    passed = item.session.stash.setdefault(_PASSED, {})
    names = marker.args if marker else ()
    return [name for name in names if not passed.get((item.path, name), False)]


def note(item: pytest.Function, passed: bool) -> None:
    """Keeps whether a check passed, for those that need it."""
    known = item.session.stash.setdefault(_PASSED, {})
    key = (item.path, item.originalname)
    known[key] = known.get(key, True) and passed


_PASSED = pytest.StashKey[dict]()
REFERENCE = pytest.StashKey[str]()


@functools.cache
def _workers() -> Place:
    import keras

    workers = unisolated(keras.config.backend())
    if hasattr(os, "register_at_fork"):
        atexit.register(workers.close)
    return workers
