"""A disk that is full of itself: a tmpfs of a few pages, in a mount namespace."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.delivery import gradebook
from autograder.delivery.journal import Journal
from course import syllabus

pytestmark = [pytest.mark.linux, pytest.mark.requires("namespaces")]

LAYERWISE = Path(sys.executable).with_name("layerwise")
EXERCISE = syllabus.find("u00_tensors/puzzles")[0]
STUDENTS = ["ann", "ben", "cem", "dov", "eva"]


def on_a_small_disk(disk, size, *command, **options):
    """Runs a command that sees a file system of its own at `disk`."""
    disk.mkdir()
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = 'mount -t tmpfs -o size="$1" small "$2" && shift 2 && exec "$@"'
    return subprocess.run(
        ["unshare", *root, "--mount", "sh", "-c", mount, "sh", size, disk, *command],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def test_a_full_disk_ends_grading_with_one_line_and_whole_records(
    tmp_path, pytestconfig
):
    for student in STUDENTS:
        file = tmp_path / "in" / student / EXERCISE.path
        file.parent.mkdir(parents=True)
        file.write_text("# " + "as I have thought: " * 1500)  # 28 kB in each record
    kept, disk = tmp_path / "kept", tmp_path / "disk"
    grade = 'layerwise=$1; shift; "$layerwise" grade "$@"; code=$?; cp "$5" "$KEPT"; exit $code'
    words = [tmp_path / "in", "--jobs", "1", "--records", disk / "records.jsonl"]
    words += ["--gradebook", "none", "--isolation", "none"]
    done = on_a_small_disk(
        *(disk, "100k", "sh", "-c", grade, "sh", LAYERWISE, *words),
        cwd=pytestconfig.rootpath,
        env={**os.environ, "KEPT": str(kept), "COLUMNS": "300"},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (said,) = [line for line in done.stderr.splitlines() if "disk is full" in line]
    assert f"{disk}/records.jsonl: No space left on device." in said
    entries = [json.loads(line) for line in kept.read_bytes().splitlines()]
    assert 0 < len(entries) < len(STUDENTS)
    assert kept.read_bytes().endswith(b"\n")
    with Journal(kept) as journal:
        assert [student for student, _ in journal.done] == STUDENTS[: len(entries)]


ENTER = """
import contextlib, json, shutil, sys
from pathlib import Path
from autograder.delivery.gradebook import Book, GradebookFailed
from course import syllabus

disk, entry = Path(sys.argv[1]), json.loads(sys.argv[3])
book = Book(str(disk / "gradebook.db"))
book.put({**entry, "student": "ann"})
with open(disk / "films", "wb", buffering=0) as films, contextlib.suppress(OSError):
    while True:
        films.write(bytes(4096))
try:
    for number in range(200):
        book.put({**entry, "student": f"number {number}"})
except GradebookFailed as error:
    print(error)
try:
    book.clear("ann", syllabus.find(entry["exercise"])[0])
except GradebookFailed as error:
    print(error)
shutil.copy(disk / "gradebook.db", sys.argv[2])
"""


def test_a_full_disk_costs_the_gradebook_nothing_that_it_had(tmp_path, pytestconfig):
    pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")
    kept, disk = tmp_path / "kept.db", tmp_path / "disk"
    entry = {"exercise": EXERCISE.id, "points": 3.0, "max_points": 5.0}
    entry["category"] = "wrong_values"
    done = on_a_small_disk(
        *(disk, "4m", sys.executable, "-c", ENTER, disk, kept, json.dumps(entry)),
        cwd=pytestconfig.rootpath,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 2
    assert all(s.startswith("The gradebook can't be written: ") for s in said), said
    assert all("full" in line for line in said), said
    with sqlite3.connect(kept) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    with gradebook.Book(str(kept)) as book:
        assert book._book.find_submission(EXERCISE.unit, "ann").score == 3
