"""The student's commands, as a student types them in a kit without solutions."""

import errno
import importlib
import importlib.util
import io
import json
import os
import subprocess
import sys

import pytest

from course import parts, progress, syllabus
from course.cli import client, main, overview, pristine, render, student
from course.cli.backends import BACKENDS

(CONV2D,) = syllabus.find("conv2d")
(PUZZLES,) = syllabus.find("puzzles")
STUB = "def f():\n    raise NotImplementedError('Write it.')\n"
LADDER = "# Hints\n\n## conv2d\n\n1. What lies under it?\n2. One slice.\n3. A sum.\n"
NAMES = [name for group in main.COMMANDS.values() for name in group]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A kit with two exercises, as the current project."""
    root = tmp_path / "kit"
    (root / "course").mkdir(parents=True)
    for exercise in (CONV2D, PUZZLES):
        file = root / "exercises" / exercise.path
        file.parent.mkdir(parents=True)
        file.write_text(STUB)
    (root / "exercises" / CONV2D.unit / "hints.md").write_text(LADDER)
    monkeypatch.setenv("LAYERWISE_PROJECT", str(root))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("KERAS_BACKEND", "LAYERWISE_PARTS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(render, "_WARNED", set())
    return root


@pytest.fixture
def layerwise(monkeypatch, capsys):
    """Runs the command; gives its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["layerwise", *arguments])
        code = 0
        try:
            main.run()
        except SystemExit as done:
            code = done.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def write(root, text, exercise=CONV2D):
    (root / "exercises" / exercise.path).write_text(text)


def judged(exercise, passed):
    category = "passed" if passed else "wrong_values"
    outcome = {
        "check": "test_it", "title": "it", "scope": "public", "category": category,
        "points": float(passed), "max_points": 1.0, "message": "2 differ.", "detail": "",
        "explanation": "", "frames": [], "mistake": "", "printed": "",
    }  # fmt: skip
    return {
        "exercise": exercise.id, "outcomes": [outcome], "points": float(passed),
        "max_points": 1.0, "passed": passed,
    }  # fmt: skip


@pytest.fixture
def checker(monkeypatch):
    """A client that passes a file that says so; the exercises it was asked for."""
    asked = []

    def check_file(exercise, on_event=lambda event: None, backend=None):
        asked.append((exercise.name, backend))
        file = client.project_root() / "exercises" / exercise.path
        answer = judged(exercise, "right" in file.read_text())
        on_event({"event": "start", "exercise": exercise.id, "total": 1})
        on_event({"event": "outcome", **answer["outcomes"][0]})
        return answer

    monkeypatch.setattr(client, "check_file", check_file)
    return asked


# Start-up

HEAVY = {"keras", "numpy", "pytest", "torch", "tensorflow", "jinja2", "pydantic"}


@pytest.mark.parametrize("command", ["", "list", "hint conv2d", "--help", "reset x"])
def test_nothing_heavy_is_imported_where_no_tensor_is_needed(command):
    program = (
        "import sys\nfrom course.cli.main import run\n"
        "try: run()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    arguments = [sys.executable, "-c", program, *command.split()]
    said = subprocess.run(arguments, capture_output=True, text=True).stderr
    allowed = {"pydantic"} if command.startswith("reset") else set()
    assert set(said.split()) & HEAVY <= allowed


# The table of commands


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_the_table_exists_and_explains_itself(layerwise, name):
    group = next(g for g in main.COMMANDS.values() if name in g)
    module, _, function = group[name][0].partition(":")
    assert getattr(importlib.import_module(module), function).__doc__
    code, out, _ = layerwise(name, "--help")
    assert code == 0
    assert f"layerwise {name}" in out


def test_help_lists_every_command(layerwise):
    _, out, _ = layerwise("--help")
    assert all(f"\n  {name} " in out for name in NAMES)


def test_an_unknown_command_gets_the_nearest_one(layerwise):
    code, _, err = layerwise("chek")
    assert code == 2
    assert "Did you mean 'check'" in err


def test_names_are_completed():
    assert overview.complete("conv") == ["conv2d", "conv2d_transpose"]
    assert "u05_convolution" in overview.complete("u05")


# Errors


@pytest.mark.parametrize("command", [["hint", "conv3d"], ["reset", "conv3d"]])
def test_an_unknown_name_is_one_line_with_the_nearest(layerwise, command):
    code, out, err = layerwise(*command)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "Did you mean conv2d" in err


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("command", [[], ["parts"]])
def test_what_the_disk_refuses_is_one_line_with_a_way_out(
    layerwise, monkeypatch, number, command
):
    def refuse(root):
        raise OSError(number, os.strerror(number), "/some/where")

    monkeypatch.setattr(overview, "states", refuse)
    code, _, err = layerwise(*command)
    assert code == 1
    assert err.count("\n") == 1
    assert err.startswith(f"layerwise: /some/where: {os.strerror(number)}. ")


def test_a_fault_of_layerwise_itself_keeps_its_traceback(layerwise, monkeypatch):
    monkeypatch.setattr(overview, "states", lambda root: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        layerwise("list")


@pytest.mark.parametrize("command", [[], ["parts"], ["check", "conv2d"]])
def test_ctrl_c_ends_quietly(layerwise, monkeypatch, command):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(overview, "states", interrupt)
    monkeypatch.setattr(client, "check_file", interrupt)
    code, _, err = layerwise(*command)
    assert (code, err) == (130, "")


def test_a_terminal_without_unicode_gets_ascii_marks():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = "from course.cli.main import run; run()"
    arguments = [sys.executable, "-c", program, "list"]
    done = subprocess.run(arguments, capture_output=True, env=environment)
    assert done.returncode == 0
    assert b"o  conv2d" in done.stdout


def test_a_closed_pipe_is_no_error():
    program = "from course.cli.main import run; run()"
    command = f'"{sys.executable}" -c "{program}" list | true'
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr


# Where am I


def test_a_fresh_kit_begins_with_the_first_exercise(layerwise):
    _, out, _ = layerwise()
    assert "0 of 2 exercises done" in out
    assert "Next: puzzles" in out
    assert "layerwise check puzzles" in out


def test_the_exercise_saved_last_is_the_one_to_go_on_with(layerwise, project):
    write(project, "begun")
    _, out, _ = layerwise()
    assert "Go on with: conv2d" in out


def test_the_list_says_how_far_each_exercise_is(layerwise, project, checker):
    write(project, "right", PUZZLES)
    layerwise("check", "puzzles")
    write(project, "begun")
    _, out, _ = layerwise("list")
    rows = {line.split()[1]: line for line in out.splitlines() if " min" in line}
    assert rows["puzzles"].startswith("✓") and " done " in rows["puzzles"]
    assert " started " in rows["conv2d"]
    assert "pooling" not in rows
    write(project, "right, and more", PUZZLES)
    assert "changed since" in layerwise("list", "u00")[1]


def test_when_all_is_done_it_says_so(layerwise, project, checker):
    for exercise in (PUZZLES, CONV2D):
        write(project, "right", exercise)
        layerwise("check", exercise.id)
    assert "Everything in this folder is done" in layerwise()[1]
    code, _, err = layerwise("check")
    assert code == 1
    assert "Everything is done" in err


def test_what_an_exercise_needs_comes_before_it():
    found = dict.fromkeys(syllabus.exercises(), progress.State.NEW)
    assert overview.following(found) == PUZZLES
    for exercise in found:
        chosen = overview.following(found, exercise)
        assert {found[e] for need in chosen.needs for e in syllabus.find(need)} <= {
            progress.State.DONE
        }


# Hints


def test_each_call_shows_one_step_more_and_never_more_than_there_are(layerwise):
    for step, new in enumerate(["What lies", "One slice", "A sum", "A sum"], start=1):
        code, out, _ = layerwise("hint", "conv2d")
        assert code == 0
        assert f"step {min(step, 3)} of 3" in out
        assert new in out
    assert "That was all there is to hint at" in out


def test_again_shows_no_new_step(layerwise):
    assert "No hint seen yet" in layerwise("hint", "conv2d", "--again")[2]
    layerwise("hint", "conv2d")
    for _ in range(2):
        out = layerwise("hint", "--again", "conv2d")[1]
        assert "step 1 of 3" in out
        assert "One slice" not in out


def test_a_hint_comes_even_when_progress_can_not_be_kept(layerwise, project):
    (project / ".layerwise").write_text("in the way")
    code, out, err = layerwise("hint", "conv2d")
    assert code == 0
    assert "What lies" in out
    assert "was not saved" in err


def test_no_ladder_and_a_whole_unit_are_told(layerwise):
    assert "no hints for puzzles" in layerwise("hint", "puzzles")[2]
    assert "say which of numpy_conv2d, numpy_max_pool" in layerwise("hint", "u05")[2]


# Reset


def backups(root):
    return sorted((root / ".layerwise/backups" / CONV2D.unit).glob("conv2d-*.py"))


def test_reset_brings_the_stub_back_and_keeps_the_work(layerwise, project):
    layerwise()  # the first command sees the stub
    write(project, "hours of work")
    code, out, _ = layerwise("reset", "conv2d", "--yes")
    assert code == 0
    assert (project / "exercises" / CONV2D.path).read_text() == STUB
    (backup,) = backups(project)
    assert backup.read_text() == "hours of work"
    assert str(backup.relative_to(project)) in out


def test_two_resets_in_one_second_keep_two_copies(layerwise, project):
    layerwise()
    for work in ("one", "two"):
        write(project, work)
        layerwise("reset", "-y", "conv2d")
    assert sorted(path.read_text() for path in backups(project)) == ["one", "two"]


def test_reset_asks_first(layerwise, project, monkeypatch):
    layerwise()
    write(project, "work")
    monkeypatch.setattr(sys, "stdin", terminal := io.StringIO("n\n"))
    terminal.isatty = lambda: True
    code, out, _ = layerwise("reset", "conv2d")
    assert code == 0
    assert "Nothing was changed" in out
    assert (project / "exercises" / CONV2D.path).read_text() == "work"
    assert backups(project) == []


def test_reset_without_anybody_to_ask_changes_nothing(layerwise, project, monkeypatch):
    layerwise()
    write(project, "work")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, _, err = layerwise("reset", "conv2d")
    assert code == 1
    assert "layerwise reset conv2d --yes" in err
    assert (project / "exercises" / CONV2D.path).read_text() == "work"


def test_an_unchanged_stub_needs_no_reset(layerwise, project):
    _, out, _ = layerwise("reset", "conv2d")
    assert "still as it was" in out
    assert backups(project) == []


def test_a_file_that_is_gone_comes_back(layerwise, project):
    layerwise()
    (project / "exercises" / CONV2D.path).unlink()
    layerwise("reset", "conv2d")
    assert (project / "exercises" / CONV2D.path).read_text() == STUB


def test_reset_says_so_when_nobody_knows_the_stub(layerwise, project):
    write(project, "work from before the first command")
    layerwise()
    code, _, err = layerwise("reset", "conv2d", "--yes")
    assert code == 1
    assert "fresh copy of the course" in err
    assert (project / "exercises" / CONV2D.path).read_text().startswith("work")


def test_a_full_disk_leaves_the_work_there(layerwise, project, monkeypatch):
    layerwise()
    write(project, "work")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "disk")

    monkeypatch.setattr(student.os, "replace", full)
    code, _, err = layerwise("reset", "conv2d", "--yes")
    assert code == 1
    assert "free some space" in err
    file = project / "exercises" / CONV2D.path
    assert file.read_text() == "work"
    assert [p.name for p in file.parent.glob("*.py")] == ["conv2d.py"]
    assert not list(file.parent.glob(".conv2d*"))


def test_half_a_backup_is_no_backup(layerwise, project, monkeypatch):
    layerwise()
    write(project, "work")

    def fill_up(source, target):
        target.write_text("wo")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(student.shutil, "copy2", fill_up)
    code, _, err = layerwise("reset", "conv2d", "--yes")
    assert code == 1
    assert "free some space" in err
    assert backups(project) == []
    assert (project / "exercises" / CONV2D.path).read_text() == "work"


def test_the_solution_knows_the_stub_best_then_the_kit_then_the_first_look(project):
    pristine.remember(project)
    assert pristine.stub(CONV2D, project).text == STUB
    shipped = project / "exercises" / CONV2D.unit / ".stubs" / "conv2d.py"
    shipped.parent.mkdir()
    shipped.write_text("shipped")
    assert pristine.stub(CONV2D, project).text == "shipped"
    solution = project / "solutions" / CONV2D.path
    solution.parent.mkdir(parents=True)
    solution.write_text("### BEGIN SOLUTION the sum\nx = 1\n### END SOLUTION\n")
    assert pristine.stub(CONV2D, project).text.startswith("raise NotImplementedError(")


def test_the_first_look_is_never_overwritten(project):
    pristine.remember(project)
    write(project, STUB + "half done")
    pristine.remember(project)
    assert pristine.stub(CONV2D, project).text == STUB


# Solution


@pytest.fixture
def solved(project):
    solution = project / "solutions" / CONV2D.path
    solution.parent.mkdir(parents=True)
    text = (
        "def f():\n    ### BEGIN SOLUTION the sum\n    return 1\n    ### END SOLUTION\n"
    )
    solution.write_text(text)
    write(project, pristine.stub(CONV2D, project).text)
    return project


def test_the_solution_is_shown_only_once_yours_passes(layerwise, solved, checker):
    code, out, err = layerwise("solution", "conv2d")
    assert (code, out) == (1, "")
    assert "conv2d is not started" in err
    write(solved, "right")
    layerwise("check", "conv2d")
    _, out, _ = layerwise("solution", "conv2d")
    assert out == "def f():\n    return 1\n"
    write(solved, "right no more")
    assert layerwise("solution", "conv2d")[0] == 1


def test_a_kit_without_solutions_says_so(layerwise):
    assert "does not bring the solution" in layerwise("solution", "conv2d")[2]


# Parts


@pytest.mark.parametrize("choice", ["yours", "keras", "solutions"])
def test_parts_tells_what_course_parts_gives(
    layerwise, project, checker, monkeypatch, choice
):
    write(project, "right")
    layerwise("check", "conv2d")
    monkeypatch.setenv("LAYERWISE_PARTS", choice)
    _, out, _ = layerwise("parts")
    told = {line.split()[0]: line.split()[1] for line in out.splitlines()[:-2]}
    for exercise in syllabus.exercises():
        for name in exercise.names if exercise.may_use == "keras" else ():
            try:
                place = parts.source(name)[0]
            except AttributeError:
                place = "nobody"
            assert told[name] == place, name


def test_an_unknown_setting_of_parts_is_told(layerwise, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "mine")
    code, _, err = layerwise("parts")
    assert code == 1
    assert "'mine'" in err and "yours, solutions, keras" in err


# Check


def test_a_passing_check_is_noted_and_names_the_next(layerwise, project, checker):
    write(project, "right")
    code, out, err = layerwise("check", "conv2d")
    assert (code, err) == (0, "")
    assert "conv2d is done" in out
    assert "layerwise check puzzles" in out
    saved = json.loads(progress.path_in(project).read_text())
    assert CONV2D.id in saved["passed"]


def test_a_failing_check_exits_with_1_and_notes_no_pass(layerwise, project, checker):
    write(project, "wrong")
    code, out, _ = layerwise("check", "conv2d")
    assert code == 1
    assert "layerwise hint conv2d" in out
    assert progress.load(project).passed == {}


def test_without_a_name_the_exercise_in_work_is_checked(layerwise, project, checker):
    write(project, "begun")
    layerwise("check")
    assert [name for name, _ in checker] == ["conv2d"]


def test_a_unit_is_checked_as_far_as_it_is_here(layerwise, project, checker):
    assert layerwise("check", "u05")[0] == 1
    assert [name for name, _ in checker] == ["conv2d"]
    assert "No exercise of u03" in layerwise("check", "u03")[2]


def test_one_unreadable_file_does_not_stop_its_unit(layerwise, project, monkeypatch):
    write(project, "right", syllabus.find("pooling")[0])

    def check_file(exercise, on_event=None, backend=None):
        if exercise == CONV2D:
            raise student.UnreadableSubmission("conv2d.py has merge marks at line 4.")
        return judged(exercise, passed=True)

    monkeypatch.setattr(client, "check_file", check_file)
    code, out, err = layerwise("check", "u05")
    assert code == 1
    assert "merge marks" in err
    assert "pooling is done" in out
    assert "1 of 2 exercises pass" in out


def test_a_file_saved_during_its_check_is_not_noted(layerwise, project, monkeypatch):
    def check_file(exercise, on_event=None, backend=None):
        write(project, "something else")
        return judged(exercise, passed=True)

    monkeypatch.setattr(client, "check_file", check_file)
    write(project, "right")
    _, _, err = layerwise("check", "conv2d")
    assert "check it again" in err
    assert progress.load(project).passed == {}


def test_the_answer_comes_even_when_progress_can_not_be_kept(
    layerwise, project, checker
):
    (project / ".layerwise").write_text("in the way")
    write(project, "right")
    code, out, err = layerwise("check", "conv2d")
    assert code == 0
    assert "conv2d is done" in out
    assert "was not saved" in err


def test_the_backend_that_is_asked_for_is_used(layerwise, project, checker):
    name = next(b for b in BACKENDS if importlib.util.find_spec(b))
    layerwise("check", "conv2d", "--backend", name)
    assert checker == [("conv2d", name)]
    code, _, err = layerwise("check", "conv2d", "--backend", "theano")
    assert code == 1
    assert "'theano'" in err


def test_a_broken_installation_is_told_before_anything_starts(
    layerwise, checker, tmp_path
):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text("{")
    code, _, err = layerwise("check", "conv2d")
    assert code == 1
    assert err.count("\n") == 1
    assert "keras.json is not JSON" in err
    assert checker == []
