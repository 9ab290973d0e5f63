"""Gradescope's layout, simulated: its folders, its metadata, its results.json."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from autograder.authoring import sample_class
from autograder.delivery import gradescope, gradescope_run
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
def machine(archive, tmp_path_factory, root):
    """/autograder as Gradescope has it, with one exercise to be quick."""
    base = tmp_path_factory.mktemp("autograder")
    for folder in (base, *base.parents[:2]):
        folder.chmod(0o755)  # pytest's own folders are private; /autograder is not
    for name in ("source", "submission", "results"):
        (base / name).mkdir()
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(base / "source")
    settings = base / "source/layerwise" / gradescope.SETTINGS
    content = json.loads(settings.read_text())
    settings.write_text(json.dumps({**content, "exercises": [CONV2D.id]}))
    subprocess.run(["bash", base / "source/layerwise/close.sh"], check=True)
    sample_class.write(base / "class", root)
    return base


def grade(base, refuse_namespaces=False):
    """Runs what run_autograder runs; gives results.json and what was printed."""
    code = "import sys; sys.argv[0] = 'run'\n"
    if refuse_namespaces:
        code += (
            "from autograder.grading import isolation\n"
            "isolation.possible = lambda: isolation.Report(reason='Refused here.')\n"
        )
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


@root_only
def test_without_namespaces_a_known_mistake_is_explained_all_the_same(machine):
    hand_in(machine, "flipped-kernel")
    results, said = grade(machine, refuse_namespaces=True)
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
        gradescope_run.find(tmp_path, CONV2D)


def test_of_two_files_none_is_guessed(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "conv2d.py").write_text("x = 1\n")
    with pytest.raises(UnreadableSubmission, match="Which of these"):
        gradescope_run.find(tmp_path, CONV2D)


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
