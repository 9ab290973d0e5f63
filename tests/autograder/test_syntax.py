"""What Python can't read is said in words that a student understands."""

import ast

import pytest

from autograder.grading import forbidden, syntax
from course import syllabus

CONV2D = syllabus.find("conv2d")[0]


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("import keras\n%pip install torch\n", "%pip"),
        ("import keras\n    !ls\n", "!ls"),
        ("import keras\n%%time\n", "%%time"),
        ("import keras\nfiles = !ls\n", "!ls"),
        ("import keras\nlasted = %timeit 1\n", "%timeit"),
        ("import keras\nkeras.ops.conv?\n", "keras.ops.conv?"),
        ("import keras\n?keras\n", "?keras"),
    ],
)
def test_a_notebooks_command_is_called_by_its_name(source, command):
    error = syntax.error_in(source)
    assert error.msg.startswith(f"{command} is a command of notebooks, not Python.")
    assert error.lineno == 2
    assert error.text.strip() == source.splitlines()[1].strip()


@pytest.mark.parametrize("source", ["x = 5 %\n", "x\n!= y\n", "def f(:\n", "'a\n"])
def test_other_mistakes_keep_pythons_own_words(source):
    with pytest.raises(SyntaxError) as caught:
        ast.parse(source)
    assert syntax.error_in(source).msg == caught.value.msg


def test_a_character_that_no_file_can_hold_is_named_with_its_line():
    error = syntax.error_in('x = 1\ny = "\ud800"\n')
    assert (error.lineno, "U+D800" in error.msg) == (2, True)


NESTED = {  # sources of a depth, in various ways
    "a sum": lambda depth: "x = " + "+".join(["1"] * depth),
    "elif": lambda depth: "if 1: pass\n" + "elif 1: pass\n" * depth,
    "attributes": lambda depth: "import keras\nkeras" + ".x" * depth,
    "calls": lambda depth: "import keras\nkeras" + ".x()" * depth,
    "brackets": lambda depth: "x = " + "[" * depth + "]" * depth,
    "getattr": lambda depth: (
        "import keras\n" + "getattr(" * depth + "keras" + ", 'x')" * depth
    ),
}


@pytest.mark.parametrize("kind", NESTED)
def test_what_is_too_deep_for_the_analysis_is_no_fault_of_the_grader(kind):
    reached = set()
    for depth in range(60, 400, 17):
        source = NESTED[kind](depth)
        error = syntax.error_in(source)
        reached.add(error is None)
        if error is None:
            forbidden.find(source, CONV2D)
        else:
            assert "nested" in error.msg
    assert reached == {True, False}


def test_what_python_itself_gives_up_on_is_said_without_a_line():
    error = syntax.error_in(NESTED["a sum"](30_000))
    assert "nested too deeply" in error.msg and error.lineno is None
