"""What judges a class: grading processes that die, the file of records.

The commands are in test_class_story.py.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograder.delivery import batch
from autograder.delivery import seat as seats
from autograder.delivery.collecting import Handed
from autograder.delivery.journal import Busy, Journal, stamp
from autograder.delivery.seat import CannotGrade, How, Seat
from course import syllabus

EXERCISE = syllabus.find("u01/losses")[0]
BACKEND = os.environ.get("KERAS_BACKEND", "torch")


@pytest.fixture(scope="module")
def reference(pytestconfig):
    path = pytestconfig.rootpath / "solutions" / EXERCISE.path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def how(pytestconfig, isolation_level):
    root = str(pytestconfig.rootpath)
    return How(root, (BACKEND,), isolation_level, 2, b"tests".hex())


def lines(records):
    if not records.exists():
        return []
    return [json.loads(line) for line in records.read_bytes().split(b"\n")[:-1]]


# Grading processes that die


@pytest.fixture(scope="module")
def seat(how):
    seat = Seat(how)
    yield seat
    seat.close()


def task(source, student="ann"):
    return {
        "student": student,
        "exercise": EXERCISE.id,
        "path": f"{student}/{EXERCISE.path.name}",
        "submitted_at": None,
        "problem": "",
        "data": source.encode().hex(),
        "handed_sha256": hashlib.sha256(source.encode()).hexdigest(),
    }


@pytest.fixture
def killed(monkeypatch):
    """Has the grading process killed soon after it was given a submission."""

    def times(count):
        left = [None] * count
        take = seats.Grader.take

        def kill_and_take(grader):
            if left:
                left.pop()
                kill = os.kill, [grader.process.pid, signal.SIGKILL]
                threading.Timer(0.3, *kill).start()
            return take(grader)

        monkeypatch.setattr(seats.Grader, "take", kill_and_take)

    return times


@pytest.fixture
def slow(reference):
    """Right, but each check computes for a while."""
    return f"{reference}\nfor _ in range(2 * 10**6):\n    pass\n"


def test_a_killed_grading_process_costs_one_attempt(seat, slow, killed):
    killed(1)
    record = seat.judge(task(slow))
    assert record["category"] == "passed"


def test_killed_twice_over_the_same_it_is_the_graders_fault_and_the_next_is_judged(
    seat, slow, reference, killed
):
    killed(2)
    record = seat.judge(task(slow))
    assert record["category"] == "grader_error"
    assert "--resume" in record["explanation"]
    assert seat.judge(task(reference))["category"] == "passed"


def test_a_killed_worker_costs_one_check_at_most(seat, reference):
    killer = f"import os\n{reference}\nos.kill(os.getpid(), 9)\n"
    categories = {o["category"] for o in seat.judge(task(killer))["outcomes"]}
    assert "passed" not in categories
    assert seat.judge(task(reference))["category"] == "passed"


def test_what_cannot_be_judged_says_so_and_is_asked_again(seat, tmp_path, how):
    problem = {**task("x = 1"), "problem": "a and b differ. Keep one."}
    record = batch.finished(problem, seat.judge(problem))
    assert record["category"] == "not_judged"
    assert record["explanation"] == "a and b differ. Keep one."
    assert record["max_points"] > 0
    with Journal(tmp_path / "r.jsonl") as book:
        book.write(record)
        assert not book.done


def test_where_no_grading_process_starts_the_reason_is_told(how, reference):
    seat = Seat(How(how.root, ("no_such_backend",), how.isolation, 2, "00"))
    with pytest.raises(CannotGrade, match="no_such_backend"):
        seat.judge(task(reference))
    seat.close()


# The file of records


def record(student, points=1.0, category="passed"):
    return {
        "student": student,
        "exercise": EXERCISE.id,
        "points": points,
        "category": category,
        "backend": "torch",
        "checks_sha256": "c",
        "handed_sha256": "h",
    }


def test_a_full_disk_leaves_whole_lines(tmp_path):
    path = tmp_path / "records.jsonl"
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from autograder.delivery.journal import Journal\n"
        f"entry = {record('ann')!r}\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "with Journal(Path(sys.argv[1])) as book:\n"
        "    for n in range(100):\n"
        "        book.write({**entry, 'student': str(n)})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True
    )
    assert "File too large" in done.stderr
    assert path.stat().st_size <= 2000
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert 5 < len(entries) < 100
    with Journal(path) as book:
        assert len(book.done) == len(entries)
        book.write(record("after"))
    assert len(path.read_text().splitlines()) == len(entries) + 1


def test_only_one_grader_writes_a_file(tmp_path):
    with Journal(tmp_path / "r.jsonl"), pytest.raises(Busy, match="Another grader"):
        Journal(tmp_path / "r.jsonl")


def test_faults_of_the_grader_are_not_done(tmp_path):
    with Journal(tmp_path / "r.jsonl") as book:
        book.write(record("ann", category="grader_error"))
        book.write(record("ben"))
    with Journal(tmp_path / "r.jsonl") as book:
        assert set(book.done) == {("ben", EXERCISE.id)}


def test_old_scores_do_not_survive_a_change_or_a_regrade(tmp_path, how, reference):
    files = {}
    for student in ("ann", "ben"):
        files[student] = tmp_path / f"{student}.py"
        files[student].write_text(reference, encoding="utf-8")
    handed = [Handed(s, EXERCISE, s, f) for s, f in files.items()]
    path = tmp_path / "r.jsonl"
    checks = batch.checks_sha256(Path(how.root), EXERCISE)
    sha = hashlib.sha256(files["ann"].read_bytes()).hexdigest()
    with Journal(path) as book:
        for student in files:
            entry = {**record(student), "handed_sha256": sha, "checks_sha256": checks}
            book.write({**entry, "backend": BACKEND})
    with Journal(path) as book:
        assert book.is_done(("ann", EXERCISE.id), stamp(sha, checks, [BACKEND]))
        assert batch.plan(handed, book, how).todo == []
        files["ann"].write_text("changed = 1\n", encoding="utf-8")
        plan = batch.plan(handed, book, how)
        assert [one.student for one in plan.todo] == ["ann"]
    assert [e["student"] for e in lines(path)] == ["ben"]
    with Journal(path) as book:
        assert len(batch.plan(handed, book, how, regrade=True).todo) == 2
    assert lines(path) == []


def test_the_record_of_checks_is_the_engines(how):
    from autograder.grading import records
    from autograder.grading.engine import Engine

    root = Path(how.root)
    expected = records.checks_hash(Engine(root), EXERCISE)
    assert batch.checks_sha256(root, EXERCISE) == expected


def test_a_grading_process_is_closed_once_by_whoever_comes_first():
    class Counting:
        closed = 0

        def close(self):
            time.sleep(0.05)
            self.closed += 1

    seat, grader = Seat(How(".", ("torch",), "none", 2, "00")), Counting()
    seat._graders["torch"] = grader
    threads = [threading.Thread(target=seat.close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert grader.closed == 1
