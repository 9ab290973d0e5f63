"""Stubs are their solutions with the thinking taken out, to the letter."""

import ast

import pytest

from autograder.authoring.stubs import BadRegion, in_sync, stub_of
from course import syllabus

SOLUTION = '''def f(x):
    """Doubles."""
    y = x
    ### BEGIN SOLUTION twice "x"
    y = 2 * x
    ### END SOLUTION
    return y
'''


def test_a_region_becomes_an_error_that_says_what_to_write():
    assert stub_of(SOLUTION, "f") == (
        'def f(x):\n    """Doubles."""\n    y = x\n'
        "    raise NotImplementedError(\"Twice 'x'.\")\n    return y\n"
    )


@pytest.mark.parametrize(
    "source, words",
    [
        ("x = 1\n", "no solution region"),
        ("### BEGIN SOLUTION\n", "line 1: not closed"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n", "line 2: a region within"),
        ("### END SOLUTION\n", "line 1"),
    ],
)
def test_markers_that_do_not_pair_up_are_named(source, words):
    with pytest.raises(BadRegion, match=words):
        stub_of(source, "solutions/f.py")


@pytest.mark.parametrize("exercise", syllabus.exercises(), ids=lambda e: e.id)
def test_every_stub_is_what_its_solution_gives(exercise, pytestconfig):
    assert in_sync(exercise, pytestconfig.rootpath)


@pytest.mark.parametrize("exercise", syllabus.exercises(), ids=lambda e: e.id)
def test_every_stub_defines_the_names_of_the_syllabus(exercise, pytestconfig):
    text = (pytestconfig.rootpath / "exercises" / exercise.path).read_text("utf-8")
    defined = {
        node.name
        for node in ast.parse(text).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
    assert set(exercise.names) <= defined
    assert "NotImplementedError" in text
    assert "SOLUTION" not in text
