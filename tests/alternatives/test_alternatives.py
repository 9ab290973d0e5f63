"""Correct but different solutions get full marks from all public and hidden checks.

The first one of each exercise, and those that are `noisy`, run in workers as students'
code does; the others in this process, which is faster. On TensorFlow, where each training is
traced anew, the checks that train a network are left to the first one.
"""

from itertools import groupby
from pathlib import Path

import pytest

from autograder.grading.engine import Engine
from autograder.grading.submission import read
from autograder.grading.transport import InThisProcess, unisolated
from course import syllabus

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("u*/*.py"))


def exercise_of(path):
    (exercise,) = syllabus.find(f"{path.parent.name}/{path.stem.split('__')[0]}")
    return exercise


FIRST = {next(paths) for _, paths in groupby(FILES, exercise_of)}


@pytest.fixture(scope="module")
def judge(pytestconfig):
    import keras

    engine = Engine(pytestconfig.rootpath, secret=b"alternatives", seconds=20)
    traces = keras.config.backend() == "tensorflow"
    with (
        unisolated(keras.config.backend()) as workers,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("LAYERWISE_PARTS", "keras")  # here too, as in the workers

        def judged(path):
            exercise = exercise_of(path)
            first, noisy = path in FIRST, path.stem.endswith("noisy")
            place = workers if first or noisy else InThisProcess()
            only = engine.suite(exercise).quick if traces and not first else None
            return engine.judge(read(path, exercise), place, explain=False, only=only)

        yield judged


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_correct_solution_in_another_style_gets_full_marks(path, judge):
    outcomes = judge(path).outcomes
    assert outcomes
    lost = [(o.check, o.category, o.message) for o in outcomes if not o.passed]
    assert lost == []


def test_every_exercise_has_two_alternatives():
    names = [exercise_of(path).id for path in FILES]
    few = [e.id for e in syllabus.exercises() if names.count(e.id) < 2]
    assert few == []


def test_there_are_a_hundred():
    assert len(FILES) >= 100
