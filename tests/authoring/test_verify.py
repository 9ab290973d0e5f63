"""The proof itself is proved: it must object to checks, mistakes and hints that are bad."""

import shutil

import pytest

from autograder.authoring.verify import Verifier
from course import syllabus

EXERCISE = syllabus.find("puzzles")[0]


@pytest.fixture
def project(tmp_path, pytestconfig):
    """A copy of one exercise's files, to be spoilt."""
    for place in ("solutions", "exercises", "autograder/hidden", "autograder/mistakes"):
        source = pytestconfig.rootpath / place / EXERCISE.unit
        shutil.copytree(source, tmp_path / place / EXERCISE.unit)
    shutil.copy(pytestconfig.rootpath / "pyproject.toml", tmp_path)
    return tmp_path


def problems(project) -> str:
    return "\n".join(Verifier(project).verify(EXERCISE).problems)


def test_a_sound_exercise_has_no_problems(project):
    assert problems(project) == ""


def test_a_missing_file_is_named(project):
    (project / "exercises" / EXERCISE.unit / "hints.md").unlink()
    assert "hints.md is missing" in problems(project)


def test_a_drifted_stub_is_named(project):
    stub = project / "exercises" / EXERCISE.path
    stub.write_text(stub.read_text() + "\nx = 1\n")
    assert "the stub differs" in problems(project)


def test_a_check_that_a_stub_passes_is_named(project):
    checks = project / "exercises" / EXERCISE.unit / f"test_{EXERCISE.name}.py"
    checks.write_text(checks.read_text() + "\ndef test_nothing(student):\n    pass\n")
    assert "the stub is passed in test_nothing" in problems(project)


def test_a_check_that_the_solution_fails_is_named(project):
    checks = project / "exercises" / EXERCISE.unit / f"test_{EXERCISE.name}.py"
    text = "\ndef test_wrong(student, equal):\n    equal(student.one_hot([0], 2), 3)\n"
    checks.write_text(checks.read_text() + text)
    assert "the solution fails test_wrong" in problems(project)


def test_a_mistake_that_no_check_catches_is_named(project):
    catalogue = (
        project / "autograder/mistakes" / EXERCISE.unit / f"{EXERCISE.name}.toml"
    )
    source = (project / "solutions" / EXERCISE.path).read_text()
    first = source.split('"""')[1].splitlines()[0]
    harmless = (
        f'\n[[mistake]]\nname = "harmless"\nreplace = """{first}"""\n'
        'with = "Other words."\nsays = "Nothing."\n'
    )
    catalogue.write_text(catalogue.read_text() + harmless)
    assert "mistake 'harmless' is caught by no check" in problems(project)


def test_an_edit_that_fits_nowhere_is_named(project):
    catalogue = (
        project / "autograder/mistakes" / EXERCISE.unit / f"{EXERCISE.name}.toml"
    )
    lost = '\n[[mistake]]\nname = "lost"\nreplace = "nowhere"\nwith = ""\nsays = ""\n'
    catalogue.write_text(catalogue.read_text() + lost)
    assert "stands 0 times" in problems(project)


def test_a_hint_that_names_nothing_is_named(project):
    hints = project / "exercises" / EXERCISE.unit / "hints.md"
    section = f"## {EXERCISE.name}"
    text = hints.read_text().replace(
        section, f"{section}\n\n1. Try `ops.no_such_function`.", 1
    )
    hints.write_text(text)
    assert "`ops.no_such_function`, which is nowhere" in problems(project)
