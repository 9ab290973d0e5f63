"""The blocks that stand in for a student's: they meet every check of their exercises."""

import inspect

import pytest

from autograder.grading.checks import CheckSuite
from autograder.grading.current import Run
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess
from course import block_stand_ins, parts


def exercise_of(name):
    return parts.source(name)[1]


@pytest.mark.parametrize("name", block_stand_ins.__all__)
def test_it_passes_every_check_of_its_exercise(name, pytestconfig, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    exercise = exercise_of(name)
    names = ", ".join(exercise.names)
    source = f"from course.block_stand_ins import {names}  # not for students\n"
    suite = CheckSuite(exercise, pytestconfig.rootpath)
    run = Run(Submission(exercise, source, name), InThisProcess(), b"stand-ins")
    failed = {o.check: o.message for o in suite.run(run) if not o.passed}
    assert failed == {}


@pytest.mark.parametrize("name", block_stand_ins.__all__)
def test_it_is_called_like_the_reference(name, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    reference = parts.part(name)
    assert reference.__module__.startswith("solutions.")
    signatures = [
        [(p.name, p.default) for p in inspect.signature(block).parameters.values()]
        for block in (reference, getattr(block_stand_ins, name))
    ]
    assert signatures[0] == signatures[1]


@pytest.mark.parametrize("name", block_stand_ins.__all__)
def test_keras_means_the_stand_in(name, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    assert parts.part(name) is getattr(block_stand_ins, name)
    assert parts.source(name)[0] == "keras"


def test_what_is_no_block_is_no_part(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    for name in ("_Block", "_Path", "ops", "Any"):
        with pytest.raises(AttributeError, match="no part"):
            parts.part(name)
