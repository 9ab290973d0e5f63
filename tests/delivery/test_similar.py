"""Who wrote what somebody else wrote; styles that differ are nobody's copy."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder.delivery import notebooks, similar
from autograder.delivery.collecting import NothingToGrade
from autograder.delivery.results import Graded
from course import syllabus
from course.cli import results

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


# The command reads what `layerwise grade` reads


def command(place, *options):
    return subprocess.run(
        [Path(sys.executable).with_name("layerwise"), "similar", place, *options],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,  # whoever opens a pipe waits for ever
    )


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def in_a_notebook(text):
    settings = {"grade_id": notebooks.solution_id(syllabus.find(CONV2D)[0])}
    cell = nbformat.v4.new_code_cell(text, metadata={"nbgrader": settings})
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))


@pytest.fixture(scope="module")
def said(styles, tmp_path_factory):
    """The command over a folder in which everything has the same text, or leads to it."""
    place = tmp_path_factory.mktemp("similar") / "class"
    put(place / "ann/u05_convolution.ipynb", in_a_notebook(styles[0]))
    put(place / "zoe_12345_67890_conv2d.py", styles[0])
    put(place / "ben_12346_67891_pooling.py", "x = 1\n")
    (place / "cyd").mkdir()
    os.mkfifo(place / "cyd/conv2d.py")
    (place / "dee").mkdir()
    (place / "dee/conv2d.py").symlink_to(place / "zoe_12345_67890_conv2d.py")
    with zipfile.ZipFile(place / "eve_12347_67892_mine.zip", "w") as archive:
        archive.writestr("u05_convolution/conv2d.py", disguised(styles[0]))
    for folder in ("solutions/u05_convolution", "tests"):
        put(place / "fay" / folder / "conv2d.py", styles[0])
    put(place / "fay/exercises/u05_convolution/conv2d.py", styles[2])
    return command(place)


def test_notebooks_zips_and_uploads_are_compared(said):
    assert said.returncode == 0, said.stderr
    pairs = re.findall(r"^\d+ %  (\S+) and (\S+)", said.stdout, re.MULTILINE)
    expected = [("ann", "eve_12347"), ("ann", "zoe_12345"), ("eve_12347", "zoe_12345")]
    assert sorted(pairs) == expected
    assert "3 pairs above 60 % among 5 students." in said.stdout


def test_links_and_pipes_are_left_out_and_named(said):
    for place in ("cyd/conv2d.py", "dee/conv2d.py"):
        assert re.search(rf"Left out: .*{place} is a link, a pipe", said.stderr)


def test_a_zip_of_a_class_is_a_class(styles, tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for student in ("ann", "ben"):
            archive.writestr(f"{student}/conv2d.py", styles[0])
        archive.writestr("cyd/conv2d.py", "<<<<<<< HEAD\n")
    results.similar(tmp_path / "class.zip", 60)
    printed = capsys.readouterr()
    assert "ann and ben" in printed.out
    assert "among 2 students" in printed.out
    assert "merge marks" in printed.err


def test_a_pipe_or_an_empty_folder_is_no_class(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for name in ("pipe", "empty", "missing"):
        with pytest.raises(NothingToGrade, match=name):
            results.similar(tmp_path / name, 60)
