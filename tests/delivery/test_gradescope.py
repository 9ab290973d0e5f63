"""Gradescope's layout, simulated: its folders, its metadata, its results.json."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder.authoring import sample_class
from autograder.delivery import gradescope, gradescope_run, notebooks
from autograder.delivery.policy import BadPolicy
from autograder.grading.outcome import Outcome
from autograder.grading.submission import UnreadableSubmission
from course import syllabus

(CONV2D,) = syllabus.find("conv2d")
UNIT = next(unit for unit in syllabus.units() if CONV2D in unit.exercises)
SECRET = "the hidden inputs"


@pytest.fixture(scope="module")
def root(pytestconfig):
    return pytestconfig.rootpath


@pytest.fixture(scope="module")
def archive(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("release") / "autograder.zip"
    gradescope.write(out, root, [UNIT], attempts="2/day")
    return out


@pytest.fixture(scope="module")
def machine(archive, root):
    """/autograder as Gradescope has it, with one exercise to be quick.

    Not among pytest's own folders: those are private, and each pytest that starts on
    this machine makes them so again.
    """
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        _fill(base, archive, root)
        yield base


def _fill(base, archive, root):
    for name in ("source", "submission", "results"):
        (base / name).mkdir()
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(base / "source")
    settings = base / "source/layerwise" / gradescope.SETTINGS
    content = json.loads(settings.read_text())
    settings.write_text(json.dumps({**content, "exercises": [CONV2D.id]}))
    subprocess.run(["bash", base / "source/layerwise/close.sh"], check=True)
    sample_class.write(base / "class", root)


# What is installed here by `pip install -e` is not on Gradescope's machine.
ALONE = """
import sys
sys.argv[0] = 'run'
here = [f for f in sys.meta_path if 'editable' in getattr(f, '__module__', '')]
sys.meta_path = [finder for finder in sys.meta_path if finder not in here]
from autograder.grading import isolation, landlocked
"""
MODULES = {"namespaces": "isolation", "landlock": "landlocked"}


def grade(base, refuse=()):
    """Runs what run_autograder runs; gives results.json and what was printed."""
    code = ALONE
    for level in refuse:
        refused = "lambda: isolation.Report(reason='Refused here.')"
        code += f"{MODULES[level]}.possible = {refused}\n"
    code += "from autograder.delivery.gradescope_run import main; main()"
    source = base / "source/layerwise"
    done = subprocess.run(
        [sys.executable, "-c", code, str(base)],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((base / "results/results.json").read_text()), done.stdout


def hand_in(base, which, text=None):
    shutil.rmtree(base / "submission")
    (base / "submission").mkdir()
    if text is None:
        text = (base / "class" / which / "conv2d.py").read_text()
    (base / "submission/conv2d.py").write_text(text)


def test_the_archive_has_what_gradescope_starts(archive):
    with zipfile.ZipFile(archive) as zipped:
        modes = {i.filename: i.external_attr >> 16 & 0o777 for i in zipped.infolist()}
        setup = zipped.read("setup.sh").decode()
        needed = zipped.read("layerwise/requirements.txt").decode()
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755
    assert "useradd" in setup and "keras" in needed
    assert f"layerwise/autograder/hidden/{UNIT.name}/test_conv2d.py" in modes
    assert not [name for name in modes if "u00_tensors" in name]


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder", "layerwise/close.sh"])
def test_the_scripts_are_bash(name, archive):
    with zipfile.ZipFile(archive) as zipped:
        script = zipped.read(name)
    assert subprocess.run(["bash", "-n"], input=script).returncode == 0


def test_limits_that_are_none_are_refused(root, tmp_path):
    with pytest.raises(BadPolicy, match="5/day"):
        gradescope.write(tmp_path / "a.zip", root, [UNIT], attempts="often")
    assert not (tmp_path / "a.zip").exists()


def test_a_right_answer_gets_all_points(machine):
    hand_in(machine, "right")
    results, said = grade(machine)
    assert said.startswith("Student code runs")
    assert all(test["score"] == test["max_score"] for test in results["tests"])
    assert results["stdout_visibility"] == "hidden"
    for test in results["tests"]:
        assert set(test) == {
            "name", "number", "score", "max_score", "status", "output",
            "output_format", "visibility",
        }  # fmt: skip


root_only = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="changing the user needs root and setpriv, as on Gradescope",
)

LOOK = """
import json, os, sys
found = []
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        try:
            open(os.path.join(folder, name)).close()
            found.append(os.path.relpath(os.path.join(folder, name), sys.argv[1]))
        except OSError:
            pass
print(json.dumps(found))
"""


@root_only
def test_student_codes_user_can_read_the_course_and_no_secret(machine):
    user = gradescope_run.student()
    command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
    command += ["--clear-groups", "--"]
    source = machine / "source/layerwise"
    done = subprocess.run(
        [*command, "/usr/bin/env", "python3", "-c", LOOK, source],
        capture_output=True,
        text=True,
        cwd="/",
    )
    readable = json.loads(done.stdout)
    assert "course/parts.py" in readable
    assert "autograder/sandbox/template.py" in readable
    open_to_all = ("course/", "autograder/sandbox/", "autograder/__init__.py")
    open_to_all += ("autograder/__pycache__/__init__.",)
    assert not [name for name in readable if not name.startswith(open_to_all)]


THIEF = """
import numpy as np

try:
    said = "read it: " + np.fromfile({path!r}, "uint8").tobytes().decode()
except OSError:
    said = "kept out"
raise RuntimeError(said)
"""


@root_only
def test_without_namespaces_and_landlock_another_user_keeps_student_code_out(machine):
    solution = machine / "source/layerwise/solutions" / CONV2D.path
    hand_in(machine, "", THIEF.format(path=str(solution)))
    results, said = grade(machine, refuse=("namespaces", "landlock"))
    assert said == f"Student code runs as {gradescope_run.student().pw_name}. " + (
        "Refused here. Refused here.\n"
    )
    assert all(test["score"] == 0 for test in results["tests"])
    public = [
        test["output"] for test in results["tests"] if "hidden" not in test["name"]
    ]
    assert public and all("kept out" in output for output in public)


@root_only
def test_without_namespaces_and_landlock_a_right_answer_gets_all_points(machine):
    hand_in(machine, "right")
    results, _ = grade(machine, refuse=("namespaces", "landlock"))
    assert all(test["score"] == test["max_score"] for test in results["tests"])


@root_only
def test_without_namespaces_a_known_mistake_is_explained_all_the_same(machine):
    hand_in(machine, "flipped-kernel")
    results, said = grade(machine, refuse=("namespaces",))
    assert f"Student code runs as {gradescope_run.student().pw_name}" in said
    hidden = [test for test in results["tests"] if "hidden" in test["name"]]
    public = [test for test in results["tests"] if "hidden" not in test["name"]]
    assert any("flipped" in test["output"] for test in public)
    assert hidden and {test["name"] for test in hidden} == {"conv2d: a hidden check"}
    assert not any("expected" in test["output"] for test in hidden)


def test_of_hidden_checks_nothing_is_shown_but_category_and_explanation():
    rest = {"message": SECRET, "detail": SECRET, "printed": SECRET}
    rest |= {"frames": [(1, SECRET, "")], "title": SECRET, "check": SECRET}
    failed = Outcome(
        scope="hidden", points=0, max_points=1, category="wrong_values",
        explanation="Your kernel is flipped.", **rest,
    )  # fmt: skip
    passed = Outcome(scope="hidden", points=1, max_points=1, category="passed", **rest)
    tests = gradescope_run.tests_of(CONV2D, 1, [failed, passed])
    assert SECRET not in json.dumps(tests)
    assert "flipped" in tests[0]["output"] and tests[1]["output"] == ""


def test_a_link_to_the_solution_is_not_an_answer(tmp_path, root):
    (tmp_path / "conv2d.py").symlink_to(root / "solutions" / CONV2D.path)
    (tmp_path / "folder").symlink_to(root / "solutions" / CONV2D.unit)
    with pytest.raises(UnreadableSubmission, match="There is no conv2d"):
        gradescope_run.answer(tmp_path, CONV2D)


def test_of_two_files_none_is_guessed(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "conv2d.py").write_text("x = 1\n")
    with pytest.raises(UnreadableSubmission, match="Which of these"):
        gradescope_run.answer(tmp_path, CONV2D)


def with_answer(text, root):
    """The unit's notebook with a text in the cell of conv2d."""
    points = dict.fromkeys((exercise.id for exercise in UNIT.exercises), 1.0)
    made = notebooks.notebook(UNIT, root, points)
    name = notebooks.solution_id(CONV2D)
    (cell,) = [cell for cell in made.cells if notebooks.grade_id_of(cell) == name]
    cell.source = text
    return made


def test_a_notebook_with_the_same_code_gets_the_same_points(machine, root):
    text = (machine / "class/flipped-kernel/conv2d.py").read_text()
    hand_in(machine, "", text)
    as_file, _ = grade(machine)
    (machine / "submission/conv2d.py").unlink()
    nbformat.write(with_answer(text, root), machine / "submission/my work.ipynb")
    as_notebook, _ = grade(machine)
    scores = [test["score"] for test in as_file["tests"]]
    assert scores == [test["score"] for test in as_notebook["tests"]]
    assert 0 < sum(scores) < sum(test["max_score"] for test in as_file["tests"])


def test_of_a_file_and_a_notebook_none_is_guessed(tmp_path, root):
    nbformat.write(with_answer("x = 1", root), tmp_path / "u05.ipynb")
    (tmp_path / "conv2d.py").write_text("x = 1\n")
    with pytest.raises(UnreadableSubmission, match=r"conv2d.py, u05.ipynb. Hand in"):
        gradescope_run.answer(tmp_path, CONV2D)


def test_a_notebook_that_is_none_is_named(tmp_path):
    (tmp_path / "u05.ipynb").write_text("{nope")
    with pytest.raises(UnreadableSubmission, match=r"u05.ipynb can't be read"):
        gradescope_run.answer(tmp_path, CONV2D)


def previous(hour, **results):
    time = f"2026-11-02T{hour:02d}:00:00.000000-08:00"
    return {"submission_time": time, "score": 7.0, "results": results}


@pytest.mark.parametrize(
    "before, judged",
    [
        ([previous(8)], True),
        ([previous(8), previous(9)], False),
        ([previous(8), previous(9, extra_data=gradescope_run.NOT_JUDGED)], True),
    ],
)
def test_a_submission_too_many_keeps_the_score_it_had(before, judged, machine):
    metadata = {
        "created_at": "2026-11-02T12:00:00-08:00",
        "previous_submissions": before,
    }
    (machine / "submission_metadata.json").write_text(json.dumps(metadata))
    shutil.rmtree(machine / "submission")
    (machine / "submission").mkdir()
    refusal = gradescope_run._refusal("2/day", metadata)
    assert bool(refusal) != judged
    if not judged:
        results, _ = grade(machine)
        assert results["score"] == 7
        assert "not judged" in results["output"]
    (machine / "submission_metadata.json").unlink()
