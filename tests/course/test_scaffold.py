"""`layerwise new exercise`: what it writes, and what it refuses to."""

import ast
import shutil
import tomllib

import pytest

from autograder.authoring import scaffold
from autograder.authoring.stubs import stub_of
from autograder.authoring.verify import Verifier
from course.syllabus import Exercise


@pytest.fixture
def root(tmp_path, pytestconfig):
    (tmp_path / "course").mkdir()
    shutil.copy(pytestconfig.rootpath / "course/syllabus.toml", tmp_path / "course")
    shutil.copy(pytestconfig.rootpath / "pyproject.toml", tmp_path)
    return tmp_path


def syllabus(root):
    return tomllib.loads((root / "course/syllabus.toml").read_text())


def everything(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_every_file_is_written_and_named(root):
    before = set(everything(root))
    made = scaffold.exercise(root, "u05", "octave_conv2d")
    assert {root / path for path in made} == set(everything(root)) - before | {
        root / "course/syllabus.toml"
    }
    assert {str(path) for path in made} == {
        "course/syllabus.toml",
        "solutions/u05_convolution/octave_conv2d.py",
        "solutions/u05_convolution/__init__.py",
        "exercises/u05_convolution/octave_conv2d.py",
        "exercises/u05_convolution/test_octave_conv2d.py",
        "exercises/u05_convolution/hints.md",
        "exercises/u05_convolution/README.md",
        "autograder/hidden/u05_convolution/test_octave_conv2d.py",
        "autograder/mistakes/u05_convolution/octave_conv2d.toml",
        "tests/alternatives/u05_convolution/octave_conv2d__another_way.py",
    }


def test_what_is_written_can_be_read(root):
    for path in scaffold.exercise(root, "u05", "octave_conv2d"):
        text = (root / path).read_text()
        if path.suffix == ".py":
            ast.parse(text)
        if path.suffix == ".toml":
            tomllib.loads(text)
    solution = root / "solutions/u05_convolution/octave_conv2d.py"
    assert "class OctaveConv2D(" in solution.read_text()
    stub = root / "exercises/u05_convolution/octave_conv2d.py"
    assert stub.read_text() == stub_of(solution.read_text(), "solution")


def test_the_row_stands_behind_the_last_of_its_unit_and_nothing_else_changes(root):
    before = syllabus(root)
    lines = (root / "course/syllabus.toml").read_text().splitlines()
    scaffold.exercise(root, "u05_convolution", "blur")
    after = syllabus(root)
    unit = next(row for row in after["unit"] if row["name"] == "u05_convolution")
    assert unit["exercise"].pop()["name"] == "blur"
    assert after == before
    now = iter((root / "course/syllabus.toml").read_text().splitlines())
    assert all(line in now for line in lines)  # every line, comments too, in order


@pytest.mark.parametrize("unit", ["u04_losses", "u99_last"])
def test_a_new_unit_comes_in_the_order_of_its_number(root, unit):
    scaffold.exercise(root, unit, "huber")
    names = [row["name"] for row in syllabus(root)["unit"]]
    assert unit in names
    assert names == sorted(names)


def test_the_first_unit_of_all_can_be_new(root):
    text = (root / "course/syllabus.toml").read_text().replace("u00_tensors", "u02_x")
    (root / "course/syllabus.toml").write_text(text)
    scaffold.exercise(root, "u01_first", "one")
    assert syllabus(root)["unit"][0]["name"] == "u01_first"
    assert "numpy" in syllabus(root)["may_use"]


def test_hints_and_lesson_that_are_there_are_kept(root):
    folder = root / "exercises/u05_convolution"
    folder.mkdir(parents=True)
    (folder / "hints.md").write_text("# Hints\n\n## conv2d\n\n1. Look.\n")
    (folder / "README.md").write_text("the lesson")
    scaffold.exercise(root, "u05", "blur")
    assert (
        (folder / "hints.md").read_text().startswith("# Hints\n\n## conv2d\n\n1. Look.")
    )
    assert "\n## blur\n" in (folder / "hints.md").read_text()
    assert (folder / "README.md").read_text() == "the lesson"


def test_nothing_is_overwritten(root):
    there = root / "autograder/hidden/u05_convolution/test_blur.py"
    there.parent.mkdir(parents=True)
    there.write_text("hours of work")
    before = everything(root)
    with pytest.raises(
        scaffold.CannotMake, match=r"hidden/u05_convolution/test_blur\.py"
    ):
        scaffold.exercise(root, "u05", "blur")
    assert everything(root) == before


@pytest.mark.parametrize(
    "unit, name",
    [
        ("u05", "conv2d"),
        ("convolution", "blur"),
        ("u5_x", "blur"),
        ("../u05_x", "blur"),
        ("u05", "Blur"),
        ("u05", "../blur"),
        ("u05", "class"),
        ("u05", ""),
    ],
)
def test_names_that_can_not_be_are_refused(root, unit, name):
    before = everything(root)
    with pytest.raises(scaffold.CannotMake):
        scaffold.exercise(root, unit, name)
    assert everything(root) == before


def test_verify_names_what_is_still_to_be_written(root):
    scaffold.exercise(root, "u05_convolution", "blur")
    blur = Exercise(
        unit="u05_convolution", name="blur", title="", names=("Blur",), needs=(),
        difficulty=3, minutes=30, may_use="keras", imports=("keras",), forbidden=(),
        solution_shipped=True,
    )  # fmt: skip
    said = Verifier(root).verify(blur).problems
    assert not [line for line in said if "the stub" in line]
    for what in (
        "fails test_states_one_property_in_its_name: write this check",
        "fails test_runs_in_a_graph_with_unknown_batch_size: write this check",
        "0 hints",
        "0 known mistakes",
    ):
        assert any(what in line for line in said), what
