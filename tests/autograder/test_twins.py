"""Twins of networks: part of the checks that share them, and closed to submissions."""

import shutil
from pathlib import Path

import pytest

from autograder.grading import forbidden, twins
from autograder.grading.checks import CheckSuite, sha256_of
from course import syllabus

ROOT = Path(twins.__file__).parents[3]
BOTH = ("public", "hidden")
(DENSENET,) = syllabus.find("u08/densenet")
HAVE_ONE = [
    exercise
    for exercise in syllabus.exercises()
    if (ROOT / twins.path_of(exercise)).exists()
]


@pytest.fixture
def project(tmp_path):
    """A project of one exercise's checks, and their twin."""
    name = f"test_{DENSENET.name}.py"
    for path in (
        f"exercises/{DENSENET.unit}/{name}",
        f"autograder/hidden/{DENSENET.unit}/{name}",
        twins.path_of(DENSENET),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_changed_twin_is_a_change_of_the_checks(project):
    suite, before = CheckSuite(DENSENET, project), sha256_of(project, DENSENET, BOTH)
    assert not suite.stale
    with open(project / twins.path_of(DENSENET), "a") as file:
        file.write("\n# another word\n")
    assert suite.stale
    assert sha256_of(project, DENSENET, BOTH) != before


@pytest.mark.parametrize("scope", BOTH)
def test_a_changed_check_is_another_one(project, scope):
    before = sha256_of(project, DENSENET, BOTH)
    folder = "exercises" if scope == "public" else "autograder/hidden"
    path = project / folder / DENSENET.unit / f"test_{DENSENET.name}.py"
    path.write_text(path.read_text() + "\n# another word\n")
    assert sha256_of(project, DENSENET, BOTH) != before


@pytest.mark.parametrize("exercise", HAVE_ONE, ids=lambda exercise: exercise.id)
def test_both_files_of_checks_share_it(exercise):
    module = ".".join(twins.path_of(exercise).with_suffix("").parts)
    for folder in ("exercises", "autograder/hidden"):
        path = ROOT / folder / exercise.unit
        checks = (path / f"test_{exercise.name}.py").read_text()
        assert f"from {module} import" in checks


def test_every_twin_is_that_of_an_exercise():
    there = (ROOT / twins.FOLDER).glob("*/[!_]*.py")
    wanted = {ROOT / twins.path_of(exercise) for exercise in HAVE_ONE}
    assert set(there) == wanted != set()


@pytest.mark.parametrize("exercise", HAVE_ONE, ids=lambda exercise: exercise.id)
def test_no_submission_can_import_it(exercise):
    module = ".".join(twins.path_of(exercise).with_suffix("").parts)
    for source in (f"import {module}", f"from {module} import Twin"):
        found = forbidden.find(source, exercise)
        assert "import autograder is not allowed" in found[0].message
