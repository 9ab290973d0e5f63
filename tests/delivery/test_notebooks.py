"""Notebooks made from exercise files, and the files taken out of them again."""

import copy
import json

import nbformat
import pytest

from autograder.authoring import stubs
from autograder.delivery import notebooks
from course import syllabus

UNITS = [unit.name for unit in syllabus.units()]


def unit_of(name):
    return next(unit for unit in syllabus.units() if unit.name == name)


@pytest.fixture(scope="module")
def made(pytestconfig):
    """Every unit's notebook, with a made-up number of points for each exercise."""
    points = {exercise.id: 7.0 for exercise in syllabus.exercises()}
    return {
        unit.name: notebooks.notebook(unit, pytestconfig.rootpath, points)
        for unit in syllabus.units()
    }


@pytest.fixture
def u05(made):
    return copy.deepcopy(made["u05_convolution"])


def cell(notebook, name):
    (found,) = [c for c in notebook.cells if notebooks.grade_id_of(c) == name]
    return found


@pytest.mark.parametrize("name", UNITS)
def test_a_units_notebook_is_valid_and_its_cells_have_names_of_their_own(made, name):
    nbformat.validate(made[name])
    names = [notebooks.grade_id_of(c) for c in made[name].cells]
    assert all(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", UNITS)
def test_a_completed_notebook_gives_back_the_same_files(made, name, pytestconfig):
    files = {
        exercise.id: (pytestconfig.rootpath / "solutions" / exercise.path).read_text()
        for exercise in unit_of(name).exercises
    }
    assert notebooks.sources(made[name]) == files


@pytest.mark.parametrize("name", UNITS)
def test_the_lesson_is_all_there_and_its_python_blocks_are_code(
    made, name, pytestconfig
):
    text = (pytestconfig.rootpath / "exercises" / name / "README.md").read_text()
    lesson = [c for c in made[name].cells if "-lesson-" in notebooks.grade_id_of(c)]
    words = " ".join(c.source for c in lesson).split()
    assert words == _without_fences(text)
    assert sum(c.cell_type == "code" for c in lesson) == text.count("```python")
    assert all(c.metadata.nbgrader.locked for c in lesson)


def _without_fences(text):
    """The lesson's words, without the lines around blocks of Python."""
    inside, kept = False, []
    for line in text.splitlines():
        if line == "```python":
            inside = True
        elif inside and line == "```":
            inside = False
        else:
            kept.append(line)
    return " ".join(kept).split()


def test_tags_are_those_of_schema_3(u05):
    solution, checks = cell(u05, "u05-conv2d"), cell(u05, "u05-conv2d-checks")
    assert solution.metadata.nbgrader.solution and not solution.metadata.nbgrader.grade
    assert checks.metadata.nbgrader.grade and checks.metadata.nbgrader.locked
    assert checks.metadata.nbgrader.points == 7
    assert {c.metadata.nbgrader.schema_version for c in u05.cells} == {3}


def test_a_test_cell_shows_students_a_call_and_hides_the_hidden_checks(
    u05, pytestconfig
):
    source = cell(u05, "u05-conv2d-checks").source
    shown, _, hidden = source.partition(notebooks.BEGIN_HIDDEN)
    assert 'check_cell("u05/conv2d")' in shown
    assert "def test_" not in shown
    file = pytestconfig.rootpath / "autograder/hidden/u05_convolution/test_conv2d.py"
    assert file.read_text().strip() in hidden


def test_a_cleared_solution_is_the_stub(u05, pytestconfig):
    for exercise in syllabus.find("u05"):
        text = notebooks.sources(u05)[exercise.id]
        stub = pytestconfig.rootpath / "exercises" / exercise.path
        assert stubs.stub_of(text, exercise.id) == stub.read_text()


def test_a_cell_that_begins_with_the_magic_is_the_file_below_it(u05):
    solution = cell(u05, "u05-conv2d")
    solution.source = "%%check conv2d\nx = 1"
    assert notebooks.sources(u05)["u05_convolution/conv2d"] == "\nx = 1\n"


def problem_of(notebook, name):
    (exercise,) = syllabus.find(name)
    return next(
        answer.problem
        for answer in notebooks.answers(notebook, unit_of(exercise.unit))
        if answer.exercise == exercise
    )


def test_a_deleted_cell_is_missed(u05):
    u05.cells.remove(cell(u05, "u05-conv2d"))
    assert "no cell u05-conv2d" in problem_of(u05, "conv2d")
    assert problem_of(u05, "pooling") == ""


def test_two_cells_of_one_name_that_differ_are_no_answer(u05):
    twin = copy.deepcopy(cell(u05, "u05-conv2d"))
    u05.cells.append(twin)
    assert problem_of(u05, "conv2d") == ""
    twin.source += "\nx = 1"
    assert "they differ" in problem_of(u05, "conv2d")


def test_a_code_cell_made_text_is_no_answer(u05):
    cell(u05, "u05-conv2d").cell_type = "markdown"
    assert "no code cell" in problem_of(u05, "conv2d")


@pytest.mark.parametrize("metadata", [None, [], {"nbgrader": "x"}, {"nbgrader": {}}])
def test_metadata_of_any_kind_is_survived(u05, metadata):
    cell(u05, "u05-conv2d")["metadata"] = metadata
    assert "no cell u05-conv2d" in problem_of(u05, "conv2d")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{nope",
        b"[]",
        b"null",
        b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
    ],
)
def test_what_is_no_notebook_is_refused_in_one_way(tmp_path, data):
    path = tmp_path / "u05.ipynb"
    path.write_bytes(data)
    with pytest.raises(notebooks.UnreadableNotebook, match="can't be read"):
        notebooks.read(path)


def test_a_link_is_not_followed(tmp_path, u05):
    target, link = tmp_path / "solution.ipynb", tmp_path / "u05.ipynb"
    nbformat.write(u05, target)
    link.symlink_to(target)
    with pytest.raises(notebooks.UnreadableNotebook, match="not a plain file"):
        notebooks.read(link)


def test_a_notebook_that_is_too_large_is_refused(tmp_path, monkeypatch, u05):
    path = tmp_path / "u05.ipynb"
    path.write_text(json.dumps(u05))
    monkeypatch.setattr(notebooks, "MAX_NOTEBOOK", 100)
    with pytest.raises(notebooks.UnreadableNotebook, match="larger"):
        notebooks.read(path)
