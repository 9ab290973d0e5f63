"""Correct but different solutions get full marks from all public and hidden checks."""

from pathlib import Path

import pytest

from autograder.grading.engine import Engine
from autograder.grading.submission import read
from autograder.grading.transport import unisolated
from course import syllabus

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("u*/*.py"))


@pytest.fixture(scope="module")
def judge(pytestconfig):
    import keras

    engine = Engine(pytestconfig.rootpath, secret=b"alternatives", seconds=20)
    with unisolated(keras.config.backend()) as workers:
        yield lambda submission: engine.judge(submission, workers, explain=False)


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_correct_solution_in_another_style_gets_full_marks(path, judge):
    (exercise,) = syllabus.find(f"{path.parent.name}/{path.stem.split('__')[0]}")
    result = judge(read(path, exercise))
    lost = [(o.check, o.category, o.message) for o in result.outcomes if not o.passed]
    assert lost == []


def test_every_exercise_has_two_alternatives():
    names = [f"{path.parent.name}/{path.stem.split('__')[0]}" for path in FILES]
    few = [e.id for e in syllabus.exercises() if names.count(e.id) < 2]
    assert few == []
