"""Released notebooks where students open them: with the installed kit, and nothing else.

The environment has this one's packages, but neither Layerwise itself nor the files of
the course that the kit leaves out.
"""

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import nbformat
import pytest

from autograder.delivery import kit, notebooks
from course import syllabus
from course.cli.backends import backend

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

ABSENT = "autograder.hidden", "autograder.delivery", "autograder.mistakes", "solutions"
WRONG = "dy * self.positive", "dy * self.positive * 2"
RUN = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=400, allow_errors=True).execute()
nbformat.write(notebook, sys.argv[1])
"""


@pytest.fixture(scope="module")
def desk(classroom, tmp_path_factory, pytestconfig):
    """`desk(words…)`: runs Python with the kit; gives what it said."""
    home = tmp_path_factory.mktemp("desk")
    exercises = [
        e for e in syllabus.find(classroom.unit) if e.name in classroom.solutions
    ]
    kit.write(home / "kit", pytestconfig.rootpath, exercises, [])
    python = _environment(home, packages=home / "kit")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KERAS_BACKEND": backend(),
        "XDG_RUNTIME_DIR": str(home),
    }

    def run(*words):
        done = subprocess.run(
            [python, *map(str, words)],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    yield run
    stop = "from pathlib import Path; from course.cli.client import stop; "
    run("-c", f"{stop} stop(Path({str(home / 'kit')!r}), {backend()!r})")


def _environment(home: Path, packages: Path) -> Path:
    """An environment of its own, made in no time; its Python."""
    venv.create(home / "env", symlinks=True)
    python = home / "env/bin/python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    # Lines of a .pth are folders to look in; what installed Layerwise here stays out.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    lines = "\n".join([str(packages), *sorted(paths)])
    Path(site.stdout.strip(), "kit.pth").write_text(lines)
    return python


def test_nothing_but_the_kit_is_there(desk):
    code = "import importlib.util as u, sys\nfor name in sys.argv[1:]:\n"
    code += "    try: found = u.find_spec(name)\n"
    code += "    except ModuleNotFoundError: found = None\n"
    code += "    assert found is None, found\n"
    code += "import course; print(course.__file__)"
    assert "/kit/course/" in desk("-c", code, *ABSENT)


def test_plain_nbgrader_validate_tells_right_from_wrong(desk, classroom, tmp_path):
    right = classroom.solutions
    partly = {**right, "activations": right["activations"].replace(*WRONG)}
    assert partly != right
    for name, texts, verdict in (
        ("right", right, "Success!"),
        ("wrong", partly, "u01/activations: "),
    ):
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(classroom.released(**texts, answer="It bends."), path)
        patience = (
            "--ExecutePreprocessor.timeout=300"  # its 30 s are for a free machine
        )
        said = desk("-m", "nbgrader", "validate", patience, path)
        assert verdict in said, said


def test_a_kernel_runs_a_released_notebook_from_top_to_bottom(
    desk, classroom, tmp_path
):
    path = tmp_path / "run.ipynb"
    nbformat.write(classroom.released(**classroom.solutions), path)
    desk("-c", RUN, path)
    ran = nbformat.read(path, 4)
    errors = [
        (notebooks.grade_id_of(cell), output.evalue)
        for cell in ran.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    assert errors == []
    for name in classroom.solutions:
        checks = classroom.cell(ran, f"u01-{name}-checks")
        assert "All checks pass" in repr(checks.outputs)


def test_an_untouched_notebook_fails_at_the_checks_and_says_what_to_write(
    desk, classroom, tmp_path
):
    path = tmp_path / "stub.ipynb"
    nbformat.write(classroom.released(), path)
    said = desk("-m", "nbgrader", "validate", path)
    assert "VALIDATION FAILED" in said and "u01/activations: 0 of" in said, said
