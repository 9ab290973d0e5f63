"""Who wrote what somebody else wrote; styles that differ are nobody's copy."""

import re

import pytest

from autograder.delivery import similar
from autograder.delivery.results import Graded

CONV2D = "u05_convolution/conv2d"


def answer(student, source, exercise=CONV2D):
    return Graded(student, exercise, 0, 0, "", "", (), source)


@pytest.fixture(scope="module")
def styles(pytestconfig):
    """Five right answers, each written in a style of its own."""
    folder = pytestconfig.rootpath / "tests/alternatives/u05_convolution"
    return [path.read_text() for path in sorted(folder.glob("conv2d__*.py"))]


def disguised(source):
    """Other names, other comments, other spacing: the same thinking."""
    source = re.sub(r"\b(inputs|kernel|rows|patches|result)\b", r"my_\1", source)
    return source.replace("\n        ", "\n        # my own idea\n        ")


def test_a_copy_in_disguise_is_found_and_other_styles_are_not(styles, pytestconfig):
    answers = [answer(f"s{n}", text) for n, text in enumerate(styles)]
    answers.append(answer("copy", disguised(styles[2])))
    (pair,) = similar.pairs(answers, pytestconfig.rootpath)
    assert pair.students == ("copy", "s2")
    assert pair.percent > 90


def test_the_lines_in_common_are_those_that_were_copied(pytestconfig):
    copied = "".join(
        f"    y{n} = ops.sum(x[{n}:, {n * 3}] ** {n + 2})\n" for n in range(6)
    )
    first = f"def f(x):\n    'One text.'\n{copied}    return y0\n"
    second = f"import keras\n\n\n\nclass Longer:\n    pass\n\n\ndef g(x):\n{copied}"
    second += (
        "    while x < 3 and y0:\n        x += [y1, y2, y3][x % 3]\n    return x\n"
    )
    answers = [answer("a", first), answer("b", second)]
    (pair,) = similar.pairs(answers, pytestconfig.rootpath)
    in_first, in_second = pair.lines
    assert set(range(3, 9)) <= in_first <= set(range(2, 11))
    assert set(range(10, 16)) <= in_second <= set(range(9, 18))


def test_the_stub_alone_is_nobodys_copy(pytestconfig):
    from autograder.authoring import stubs
    from course import syllabus

    (exercise,) = syllabus.find("conv2d")
    stub = stubs.wanted(exercise, pytestconfig.rootpath)
    answers = [answer("a", stub), answer("b", stub + "\n# not mine\n")]
    assert similar.pairs(answers, pytestconfig.rootpath, threshold=1) == []


def test_what_half_the_class_wrote_is_nobodys_copy(styles, pytestconfig):
    answers = [answer(f"s{n}", styles[0]) for n in range(8)]
    assert similar.pairs(answers, pytestconfig.rootpath, threshold=1) == []


def test_a_student_is_not_compared_with_themselves_nor_exercises_with_others(
    styles, pytestconfig
):
    answers = [answer("a", styles[0]), answer("a", styles[0], f"{CONV2D}_other")]
    answers.append(answer("b", styles[0], "u05_convolution/pooling"))
    assert similar.pairs(answers, pytestconfig.rootpath, threshold=1) == []


@pytest.mark.parametrize(
    "source", ["", "def f(:\n  '''never closed", "\0\x0c", "é" * 500]
)
def test_texts_that_python_cannot_read_do_no_harm(source, styles, pytestconfig):
    answers = [answer("a", source), answer("b", styles[0]), answer("c", styles[0])]
    (pair,) = similar.pairs(answers, pytestconfig.rootpath)
    assert pair.students == ("b", "c")
