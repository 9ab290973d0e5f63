"""The progress file: what it holds, and what happens when it can't be kept."""

import errno
import hashlib
import json
import multiprocessing
import os

import pytest

from course import parts, progress, syllabus
from course.progress import State

(CONV2D,) = syllabus.find("conv2d")
(POOLING,) = syllabus.find("pooling")
STUB = "def f():\n    raise NotImplementedError('Write it.')\n"


@pytest.fixture
def root(tmp_path):
    file = tmp_path / "exercises" / CONV2D.path
    file.parent.mkdir(parents=True)
    file.write_text(STUB)
    (tmp_path / "course").mkdir()
    return tmp_path


def write(root, text):
    """The student's text, and its hash."""
    file = root / "exercises" / CONV2D.path
    file.write_text(text)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def state(root, stub=STUB):
    return progress.state(CONV2D, root, progress.load(root), stub)


def check(root, sha256, passed, **more):
    return progress.record_check(root, CONV2D, sha256, passed, "torch", **more)


def test_a_fresh_project_has_no_progress_and_no_warning(root):
    assert progress.load(root) == progress.Progress()
    assert state(root) == State.NEW


def test_what_passes_is_done_and_is_the_students_own_part(root, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PROJECT", str(root))
    monkeypatch.setenv("LAYERWISE_PARTS", "yours")
    assert check(root, write(root, "Conv2D = 1"), passed=True) == ""
    assert state(root) == State.DONE
    assert parts.source("Conv2D")[0] == "yours"


def test_a_change_after_passing_is_noticed(root, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PROJECT", str(root))
    check(root, write(root, "Conv2D = 1"), passed=True)
    write(root, "Conv2D = 2")
    assert state(root) == State.CHANGED
    assert parts.source("Conv2D")[0] == "keras"


def test_a_failing_check_of_other_text_does_not_take_the_pass_away(root):
    good = write(root, "good")
    check(root, good, passed=True)
    check(root, write(root, "bad"), passed=False)
    assert state(root) == State.CHANGED
    write(root, "good")
    assert state(root) == State.DONE


def test_a_failing_check_of_the_same_text_takes_the_pass_away(root):
    text = write(root, "passes on one backend only")
    check(root, text, passed=True)
    check(root, text, passed=False)
    assert state(root) == State.STARTED


def test_attempts_and_hints_are_counted(root):
    check(root, "a", passed=False)
    check(root, "b", passed=False)
    progress.record_hint(root, CONV2D, 3)
    read = progress.load(root)
    assert read.attempts[CONV2D.id]["count"] == 2
    assert (read.hints_seen(CONV2D), read.hints_seen(POOLING)) == (3, 0)


def test_other_line_ends_are_no_work(root):
    (root / "exercises" / CONV2D.path).write_bytes(STUB.replace("\n", "\r\n").encode())
    assert state(root) == State.NEW


def test_without_a_known_stub_what_still_raises_is_not_started(root):
    assert state(root, stub=None) == State.NEW
    write(root, "y = 1")
    assert state(root, stub=None) == State.STARTED


def test_a_missing_file_is_absent(root):
    assert progress.state(POOLING, root, progress.load(root), None) == State.ABSENT


def test_a_cell_that_passes_is_done_until_the_file_is_worked_on(root):
    check(root, "hash of the cell", passed=True, notebook=True)
    assert state(root) == State.DONE
    write(root, "y = 1")
    assert state(root) == State.STARTED


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[1]",
        b'{"passed": 3}',
        b'{"passed": {}, "hints": []}',
        b"\xff\xfe\0",
    ],
)
def test_a_damaged_file_is_kept_aside(root, damage):
    path = progress.path_in(root)
    path.parent.mkdir()
    path.write_bytes(damage)
    read = progress.load(root)
    assert read.passed == {}
    assert "progress.json.damaged" in read.warning
    assert path.with_name("progress.json.damaged").read_bytes() == damage
    assert progress.load(root).warning == ""


def test_a_second_damage_leaves_the_first_copy_alone(root):
    path = progress.path_in(root)
    path.parent.mkdir()
    for damage in (b"first", b"second"):
        path.write_bytes(damage)
        progress.load(root)
    kept = sorted(p.read_bytes() for p in path.parent.glob("*.damaged*"))
    assert kept == [b"first", b"second"]


def test_a_check_on_a_damaged_file_warns_and_is_noted(root):
    path = progress.path_in(root)
    path.parent.mkdir()
    path.write_bytes(b"{")
    assert "damaged" in check(root, write(root, "good"), passed=True)
    assert state(root) == State.DONE


def test_odd_entries_do_no_harm(root):
    path = progress.path_in(root)
    path.parent.mkdir()
    odd = {
        "passed": {CONV2D.id: 7},
        "hints": {CONV2D.id: "x"},
        "attempts": {CONV2D.id: 1},
    }
    path.write_text(json.dumps(odd))
    read = progress.load(root)
    assert (read.passed_hash(CONV2D), read.hints_seen(CONV2D)) == ("", 0)
    assert check(root, write(root, "good"), passed=True) == ""
    assert state(root) == State.DONE


def test_what_other_versions_wrote_survives(root):
    path = progress.path_in(root)
    path.parent.mkdir()
    path.write_text(json.dumps({"passed": {}, "streak": 4}))
    check(root, "x", passed=False)
    assert json.loads(path.read_text())["streak"] == 4


def _many(root, names):
    for name in names:
        (exercise,) = syllabus.find(name)
        for _ in range(10):
            progress.record_check(root, exercise, "x", True, "torch")


def test_checks_at_the_same_time_do_not_lose_each_others_results(root):
    names = ["conv2d", "pooling", "numpy_conv2d", "puzzles"]
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_many, args=(root, [name])) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    read = progress.load(root)
    assert read.warning == ""
    assert len(read.passed) == len(names)
    assert {entry["count"] for entry in read.attempts.values()} == {10}


def test_a_full_disk_is_a_warning_and_leaves_the_old_file(root, monkeypatch):
    check(root, "old", passed=True)
    before = progress.path_in(root).read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    warning = check(root, "new", passed=True)
    assert "No space left" in warning
    assert str(progress.path_in(root)) in warning
    assert "\n" not in warning
    assert progress.path_in(root).read_bytes() == before
    assert not list(progress.path_in(root).parent.glob(".progress-*"))


def test_where_nothing_can_be_written_there_is_a_warning(root):
    (root / ".layerwise").write_text("a file where a folder belongs")
    assert "can't be written" in check(root, "x", passed=True)
    assert "can't be read" in progress.load(root).warning
