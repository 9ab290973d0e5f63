"""The students' kit: works alone, explains mistakes, and gives nothing away."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib

import keras
import pytest
from packaging.requirements import Requirement

from autograder.authoring import stubs
from autograder.delivery import kit
from autograder.grading import mistakes
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess
from course import syllabus

BACKEND = keras.config.backend()
(CONV2D,) = syllabus.find("conv2d")
ALONE = "from course.cli.main import run; run()"


@pytest.fixture(scope="module")
def root(pytestconfig):
    return pytestconfig.rootpath


@pytest.fixture(scope="module")
def whole(root, tmp_path_factory):
    """The kit of all exercises; no mistakes tried, that would take minutes."""
    out = tmp_path_factory.mktemp("whole") / "kit"
    kit.write(out, root, backends=[])
    return out


@pytest.fixture(scope="module")
def small(root, tmp_path_factory):
    """The kit of one exercise, ready to explain mistakes on the backend in use."""
    out = tmp_path_factory.mktemp("small") / "kit"
    kit.write(out, root, [CONV2D], [BACKEND])
    return out


@pytest.fixture(scope="module")
def layerwise(small, tmp_path_factory):
    """Runs a command of the kit, nothing of this project being in its way."""
    runtime = tmp_path_factory.mktemp("run")
    environment = {
        **os.environ,
        "PYTHONPATH": str(small),
        "XDG_RUNTIME_DIR": str(runtime),
        "COLUMNS": "160",
    }
    environment.pop("LAYERWISE_PROJECT", None)

    def run(*words, code=ALONE):
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=small,
            env=environment,
            capture_output=True,
            text=True,
        )

    yield run
    stop = "import sys; from pathlib import Path; from course.cli.client import stop; "
    assert run(code=f"{stop} assert stop(Path.cwd(), {BACKEND!r})").returncode == 0


def texts(folder):
    return {
        p: p.read_text()
        for p in folder.rglob("*")
        if p.suffix != ".json" and p.is_file()
    }


def telling(text):
    """Lines so long that they don't stand in two places by chance."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) > 40}


def regions(source):
    """What stands between the marks of a solution."""
    inside = False
    for line in source.splitlines():
        if line.strip() == stubs.END:
            inside = False
        if inside:
            yield line
        if line.strip().startswith(stubs.BEGIN):
            inside = True


def test_no_line_of_a_solution_is_in_the_kit(whole, root):
    secret = {
        line
        for path in (root / "solutions").rglob("*.py")
        for line in telling("\n".join(regions(path.read_text())))
    }
    assert len(secret) > 100
    for path, text in texts(whole).items():
        assert not telling(text) & secret, path


def test_no_line_of_a_hidden_check_is_in_the_kit(whole, root):
    shown = [
        *(root / "exercises").rglob("test_*.py"),
        *(root / "exercises").rglob("README.md"),
        *(root / "course/block_stand_ins").glob("*.py"),  # held to them by the checks
    ]
    public = "\n".join(p.read_text() for p in shown)
    secret = {
        line
        for path in (root / "autograder/hidden").rglob("*.py")
        for line in telling(path.read_text())
    } - telling(public)
    assert len(secret) > 500
    for path, text in texts(whole).items():
        assert not telling(text) & secret, path


def test_no_known_mistake_is_in_the_kit_not_even_its_sentence(whole, small, root):
    everything = "\n".join([*texts(whole).values(), *texts(small).values()])
    everything += "\n".join(p.read_text() for p in small.rglob("*.json"))
    for exercise in syllabus.exercises():
        for mistake in mistakes.load(exercise, root):
            assert mistake.says not in everything
            # What a network takes from course.parts is no secret.
            edits = [new for _, new in mistake.edits if not new.startswith("from ")]
            edits = [new for new in edits if len(new) > 45]
            assert not [new for new in edits if new in everything]


def test_every_exercise_is_a_fresh_stub_with_a_copy_for_reset(whole, root):
    for exercise in syllabus.exercises():
        if not (root / "solutions" / exercise.path).exists():
            continue
        wanted = stubs.wanted(exercise, root)
        unit = whole / "exercises" / exercise.unit
        assert (unit / f"{exercise.name}.py").read_text() == wanted
        assert (unit / ".stubs" / f"{exercise.name}.py").read_text() == wanted


def test_work_in_the_maintainers_folder_stays_there(root, tmp_path):
    for name in (
        "course",
        "solutions",
        "autograder",
        "pyproject.toml",
        "constraints.txt",
    ):
        (tmp_path / name).symlink_to(root / name)
    unit = tmp_path / "exercises" / CONV2D.unit
    unit.mkdir(parents=True)
    (unit / "conv2d.py").write_text("my = 'own solution'\n")
    (unit / "test_conv2d.py").write_text("def test_nothing(student): pass\n")
    kit.write(tmp_path / "kit", tmp_path, [CONV2D], [])
    written = (tmp_path / "kit/exercises" / CONV2D.path).read_text()
    assert written == stubs.wanted(CONV2D, root)


def test_nothing_in_the_kit_imports_what_is_not_there(whole):
    lazily = {"autograder.authoring"}  # course.cli.pristine, where there are solutions
    lacking = set()
    for path, text in texts(whole).items():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                top = node.module.split(".")[0]
                place = whole / node.module.replace(".", "/")
                here = place.is_dir() or place.with_suffix(".py").exists()
                if top in ("course", "autograder", "solutions") and not here:
                    lacking.add(node.module)
    assert lacking <= lazily


def test_pip_installs_it_and_its_command_runs(whole, tmp_path):
    """Without its dependencies, which are here: pip's part is building and copying."""
    shutil.copytree(whole, tmp_path / "kit")
    words = "install --quiet --no-index --no-deps --no-build-isolation --target".split()
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, tmp_path / "packages", "."],
        cwd=tmp_path / "kit",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [sys.executable, tmp_path / "packages/bin/layerwise", "list"],
        cwd=tmp_path / "kit",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "packages"), "COLUMNS": "160"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "conv2d" in done.stdout
    done = subprocess.run(
        [sys.executable, "-c", "import course; print(course.__file__)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "packages")},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(tmp_path / "packages"))


def test_it_asks_for_what_the_project_asks_for(whole, root):
    project = tomllib.loads((whole / "pyproject.toml").read_text())["project"]
    ours = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ours["dependencies"]
    assert {Requirement(r).name for r in project["optional-dependencies"]["torch"]} == {
        "torch"
    }
    assert project["scripts"] == {"layerwise": "course.cli.main:run"}
    assert (whole / project["readme"]).exists()


def test_a_folder_with_something_in_it_is_refused(root, tmp_path):
    (tmp_path / "mine.txt").write_text("work")
    with pytest.raises(kit.CannotRelease, match="not empty"):
        kit.write(tmp_path, root, [CONV2D], [])


def test_each_mistake_is_named_from_the_kit_alone(small, root):
    from autograder.grading.checks import CheckSuite
    from autograder.grading.engine import Engine
    from autograder.grading.fingerprints import Fingerprints
    from autograder.grading.service import PUBLIC_SECRET

    engine = Engine(small, scopes=("public",), secret=PUBLIC_SECRET)
    assert isinstance(engine._pair(CONV2D)[1], Fingerprints)
    reference = (root / "solutions" / CONV2D.path).read_text()
    public = CheckSuite(CONV2D, root, scopes=("public",))
    named = {}
    catalogue = mistakes.load(CONV2D, root)
    for mistake in catalogue:
        # Other names and a comment: the text is not what a mistake is known by.
        source = mistake.applied_to(reference) + "\n# my own work\n"
        result = engine.judge(
            Submission(CONV2D, source, "conv2d.py"), InThisProcess(), enough=4
        )
        said = {o.mistake: o.explanation for o in result.outcomes if o.mistake}
        if any(not o.passed for o in result.outcomes):
            named[mistake.name] = said == {mistake.name: mistake.says}
    assert len(public) and len(named) >= 0.9 * len(catalogue)
    assert all(named.values()), named


def test_a_student_studies_with_the_kit_alone(small, layerwise, root):
    assert "conv2d" in layerwise("list").stdout
    stub = layerwise("check", "conv2d")
    assert stub.returncode == 1 and "not written yet" in stub.stdout, stub.stderr
    file = small / "exercises" / CONV2D.path
    reference = (root / "solutions" / CONV2D.path).read_text()
    file.write_text(reference)
    right = layerwise("check", "conv2d")
    assert right.returncode == 0, right.stdout + right.stderr
    flipped = mistakes.load(CONV2D, root)[0]
    file.write_text(flipped.applied_to(reference))
    wrong = layerwise("check", "conv2d")
    assert wrong.returncode == 1
    assert flipped.says[:40] in wrong.stdout
    assert "step 1 of" in layerwise("hint", "conv2d").stdout
    assert "does not bring the solution" in layerwise("solution", "conv2d").stderr
    assert layerwise("reset", "conv2d", "--yes").returncode == 0
    assert file.read_text() == stubs.wanted(CONV2D, root)


@pytest.mark.parametrize("command", ["grade", "verify", "stubs", "report", "release"])
def test_commands_of_others_are_refused_in_one_line(command, layerwise):
    done = layerwise(command, "x")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "students' copy" in done.stderr
    assert command not in layerwise("--help").stdout.split("Study:")[1].split()
