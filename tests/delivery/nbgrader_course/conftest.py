"""A small nbgrader course: the first two exercises of u01, and ways to fill it in."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from autograder.delivery import notebooks
from course import syllabus

UNIT = "u01_numpy_mlp"
KEPT = ("activations", "losses")
BIN = Path(sys.executable).parent


class Classroom:
    """A course folder with one unit, and its students' notebooks.

    Attributes:
        folder: The course folder.
        unit: The unit's name, which is the assignment's and the notebook's too.
        solutions: The right answers, by exercise.
    """

    def __init__(self, folder: Path, root: Path):
        self.folder, self.unit = folder, UNIT
        self.solutions = {
            exercise.name: (root / "solutions" / exercise.path).read_text().rstrip("\n")
            for exercise in syllabus.find(UNIT)
            if exercise.name in KEPT
        }

    def configure(self, line: str) -> None:
        """Adds a line to nbgrader_config.py."""
        config = self.folder / "nbgrader_config.py"
        config.write_text(f"{config.read_text()}{line}\n")

    def path(self, *folders: str) -> Path:
        """A notebook of the unit: `path("release")`, `path("autograded", "ada")`."""
        return self.folder.joinpath(*folders, UNIT, f"{UNIT}.ipynb")

    def released(self, **texts: str):
        """The released notebook with texts in solution cells and the answer."""
        notebook = copy.deepcopy(nbformat.read(self.path("release"), 4))
        for name, text in texts.items():
            self.cell(notebook, f"u01-{name}").source = text
        return notebook

    @staticmethod
    def cell(notebook, name):
        """The cell of that grade_id."""
        (found,) = [c for c in notebook.cells if notebooks.grade_id_of(c) == name]
        return found

    def hand_in(self, student: str, notebook) -> None:
        """Puts a notebook, or the bytes of what is none, into submitted/."""
        path = self.path("submitted", student)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(notebook, bytes):
            path.write_bytes(notebook)
        else:
            nbformat.write(notebook, path)


def run(folder, *words, **environment):
    """Runs a command of this environment in a folder; gives what it said."""
    program, *arguments = words
    done = subprocess.run(
        [str(BIN / program), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=500,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{words}\n{said}"
    return said


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, pytestconfig, isolation_level):
    """A course that was released and generated, after an instructor's own changes."""
    pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")
    folder = tmp_path_factory.mktemp("prepared") / "dl101"
    release = (BIN / "layerwise", "release", "nbgrader", folder, "--units", "u01")
    run(pytestconfig.rootpath, *release)
    made = Classroom(folder, pytestconfig.rootpath)
    _change(made.path("source"))
    if isolation_level != "namespaces":  # the default
        made.configure(f'c.Judge.isolation = "{isolation_level}"')
    run(folder, "nbgrader", "generate_assignment", UNIT)
    return folder


def _change(source: Path) -> None:
    """Leaves two exercises in, adds a test cell, puts a solution file beside."""
    notebook = nbformat.read(source, 4)
    dropped = tuple(
        notebooks.solution_id(exercise)
        for exercise in syllabus.find(UNIT)
        if exercise.name not in KEPT
    )
    notebook.cells = [
        c for c in notebook.cells if not notebooks.grade_id_of(c).startswith(dropped)
    ]
    tags = {"schema_version": 3, "grade_id": "u01-mine", "points": 2, "grade": True}
    tags |= {"solution": False, "locked": True, "task": False, "cell_type": "code"}
    mine = v4.new_code_cell("assert True", metadata={"nbgrader": tags})
    notebook.cells.append(mine)
    nbformat.write(notebook, source)
    source.with_name("notes.py").write_text(
        "x = 1\n### BEGIN SOLUTION say x\nx = 42\n### END SOLUTION\n"
    )


@pytest.fixture(scope="module")
def classroom(prepared, tmp_path_factory, pytestconfig):
    """The prepared course, a copy for each module."""
    folder = tmp_path_factory.mktemp("class") / "dl101"
    shutil.copytree(prepared, folder)
    return Classroom(folder, pytestconfig.rootpath)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """`command(folder, "nbgrader", …)`: as `run`, with Jupyter's settings out of the way."""
    home = tmp_path_factory.mktemp("home")
    environment = {
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    return lambda folder, *words: run(folder, *words, **environment)
