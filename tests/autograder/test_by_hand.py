"""`pytest` on checks without the `layerwise` command: the same verdicts."""

import os
import shutil
import subprocess
import sys

import pytest

from autograder.grading.checks import CheckSuite
from course import syllabus

NEEDY = """
import pytest


@pytest.mark.needs("test_never")
def test_needy(student):
    student.Conv2D(2, 2)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, pytestconfig):
    """A copy with conv2d's files alone."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(pytestconfig.rootpath / "pyproject.toml", root)
    for place in ("exercises", "solutions", "autograder/hidden"):
        source = pytestconfig.rootpath / place / "u05_convolution"
        folder = root / place / "u05_convolution"
        folder.mkdir(parents=True)
        for path in source.glob("*conv2d.py"):
            if "numpy" not in path.name:
                shutil.copy(path, folder)
    shutil.copy(pytestconfig.rootpath / "solutions/conftest.py", root / "solutions")
    return root


def run(project, *words):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=project,
        env={**os.environ, "LAYERWISE_PROJECT": str(project)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def write(project, source):
    (project / "exercises/u05_convolution/conv2d.py").write_text(source, "utf-8")


@pytest.fixture
def reference(project):
    return (project / "solutions/u05_convolution/conv2d.py").read_text("utf-8")


def test_the_stub_fails_with_its_task_and_not_with_the_graders_code(project):
    said = run(project, "exercises")
    assert "not_attempted: not written yet" in said
    assert "Kernel and bias" in said
    assert "_request" not in said
    assert " passed" not in said


def test_a_right_file_passes_in_workers_and_inline(project, reference):
    write(project, reference)
    (conv2d,) = syllabus.find("conv2d")
    all_of_them = f" {len(CheckSuite(conv2d, project, ('public',)))} passed"
    assert all_of_them in run(project, "exercises")
    assert all_of_them in run(project, "exercises", "--inline")


def test_what_is_forbidden_is_found_before_it_runs(project, reference):
    write(project, reference + "\nfake = keras.layers.Conv2D\n")
    said = run(project, "exercises")
    assert "forbidden_api" in said
    assert "keras.layers.Conv2D is not allowed" in said


def test_a_missing_file_is_one_sentence(project, reference):
    (project / "exercises/u05_convolution/conv2d.py").unlink()
    assert "is not there" in run(project, "exercises", "-x")
    write(project, reference)


def test_what_needs_a_check_that_did_not_pass_is_skipped_and_says_why(project):
    path = project / "exercises/u05_convolution/test_conv2d.py"
    text = path.read_text()
    path.write_text(text + NEEDY)
    said = run(project, "exercises", "-k", "needy")
    path.write_text(text)
    assert "can be judged once test_never passes" in said


def test_solutions_are_collected_as_their_public_and_hidden_checks(project):
    said = run(project, "solutions", "-v")
    assert "exercises/u05_convolution/test_conv2d.py" in said
    assert "autograder/hidden/u05_convolution/test_conv2d.py" in said
    assert "failed" not in said


def test_a_solution_without_hidden_checks_is_an_error(project):
    path = project / "autograder/hidden/u05_convolution/test_conv2d.py"
    text = path.read_text()
    path.unlink()
    assert "no hidden checks" in run(project, "solutions")
    path.write_text(text)
