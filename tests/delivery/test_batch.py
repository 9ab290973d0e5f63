"""A class judged from the command line: stopped, killed, resumed, nothing lost."""

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
from autograder.grading import isolation
from course import syllabus

LAYERWISE = Path(sys.executable).with_name("layerwise")
EXERCISE = syllabus.find("u01/losses")[0]
BACKEND = os.environ.get("KERAS_BACKEND", "torch")
KIND = "namespaces" if isolation.possible().isolated else "none"


@pytest.fixture(scope="module")
def reference(pytestconfig):
    path = pytestconfig.rootpath / "solutions" / EXERCISE.path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def how(pytestconfig):
    return How(str(pytestconfig.rootpath), (BACKEND,), KIND, 2, b"tests".hex())


def command(root, *words, **options):
    return subprocess.Popen(
        [LAYERWISE, "grade", *map(str, words), "--isolation", KIND],
        cwd=root,
        env={**os.environ, "KERAS_BACKEND": BACKEND, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def lines(records):
    if not records.exists():
        return []
    return [json.loads(line) for line in records.read_bytes().split(b"\n")[:-1]]


def stopped_after(count, process, records, number):
    """Sends a signal when so many records are written."""
    deadline = time.monotonic() + 300
    while len(lines(records)) < count:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    return process.communicate()[0]


STUDENTS = ["ann", "=1+1", 'O"Neil, Pat', "名前", "a b", "-x", "zed"]


def unhurried(reference, number):
    """Right, and long enough on its way that a signal comes in between."""
    return f"{reference}\nfor _ in range(10**6):\n    pass  # {number}\n"


@pytest.fixture(scope="module")
def story(tmp_path_factory, pytestconfig, reference):
    """A class graded in four runs: Ctrl-C, kill -9, the rest, nothing left to do."""
    folder = tmp_path_factory.mktemp("class")
    for number, student in enumerate(STUDENTS):
        path = folder / "in" / student / "u01" / EXERCISE.path.name
        path.parent.mkdir(parents=True)
        path.write_text(unhurried(reference, number), encoding="utf-8")
    records = folder / "records.jsonl"
    words = [folder / "in", "--records", records, "--gradebook", "none", "--jobs", 1]
    root = pytestconfig.rootpath
    said, counts = [], []
    first = command(root, *words)
    said.append(stopped_after(1, first, records, signal.SIGINT))
    assert first.returncode == 130, said
    counts.append(len(lines(records)))
    second = command(root, *words, "--resume")
    said.append(stopped_after(counts[0] + 2, second, records, signal.SIGKILL))
    with open(records, "ab") as file:
        file.write(b'{"half": "a li')  # what a kill in the middle of a write leaves
    for _ in range(2):
        run = command(root, *words, "--resume")
        said.append(run.communicate()[0])
        assert run.returncode == 0, said[-1]
        counts.append(len(lines(records)))
    return said, counts, lines(records)


def test_ctrl_c_says_how_far_it_got_and_how_to_go_on(story):
    said, counts, _ = story
    assert 0 < counts[0] < len(STUDENTS)
    assert f"{counts[0]} of {len(STUDENTS)} are graded" in said[0]
    assert "--resume goes on" in said[0]


def test_after_ctrl_c_and_kill_nothing_is_lost_or_doubled(story):
    _, _, entries = story
    assert sorted(e["student"] for e in entries) == sorted(STUDENTS)
    assert {e["category"] for e in entries} == {"passed"}


def test_what_is_unchanged_is_not_graded_again(story):
    said, counts, _ = story
    assert counts[1] == counts[2] == len(STUDENTS)
    assert f"{len(STUDENTS)} are recorded already and unchanged" in said[3]


def test_a_record_says_whose_it_is_and_what_was_graded(story, reference):
    _, _, entries = story
    entry = next(e for e in entries if e["student"] == "=1+1")
    data = unhurried(reference, 1).encode()
    assert entry["handed_sha256"] == hashlib.sha256(data).hexdigest()
    assert entry["path"].endswith(f"=1+1/u01/{EXERCISE.path.name}")
    assert entry["submitted_at"] is None
    assert entry["seconds"] > 0
    assert entry["backend"] == BACKEND


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
    seat = Seat(How(how.root, ("no_such_backend",), KIND, 2, "00"))
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

    seat, grader = Seat(How(".", ("torch",), KIND, 2, "00")), Counting()
    seat._graders["torch"] = grader
    threads = [threading.Thread(target=seat.close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert grader.closed == 1
