"""A class from its submissions to its tables, with the commands that instructors type.

Ctrl-C and kill -9 in the middle, resumed, regraded; what records, gradebook, page and
table say is compared in the end.
"""

import contextlib
import csv
import hashlib
import html
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.delivery.notebooks import checks_id
from autograder.grading import mistakes
from course import syllabus

EXERCISE = syllabus.find("u01/losses")[0]
BACKEND = os.environ.get("KERAS_BACKEND", "torch")
STUDENTS = ["ann", "=1+1", 'O"Neil, Pat', "名前", "a b", "-x", "zed"]
WRONG, COPIED = "-x", ("a b", "zed")
SCORES = """
    SELECT submission.student_id, cell.name, grade.auto_score
    FROM grade
    JOIN base_cell AS cell ON cell.id = grade.cell_id
    JOIN submitted_notebook AS notebook ON notebook.id = grade.notebook_id
    JOIN submitted_assignment AS submission ON submission.id = notebook.assignment_id
"""


@pytest.fixture(scope="module")
def layerwise(pytestconfig, isolation_level):
    """`layerwise(*words)`: a command that has been started."""
    environment = {**os.environ, "KERAS_BACKEND": BACKEND, "COLUMNS": "120"}

    def start(command, *words):
        isolated = ["--isolation", isolation_level] if command == "grade" else []
        return subprocess.Popen(
            [Path(sys.executable).with_name("layerwise"), command]
            + [*map(str, words), *isolated],
            cwd=pytestconfig.rootpath,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def finished(process):
    """What a command that ends well has said."""
    said = process.communicate()[0]
    assert process.returncode == 0, said
    return said


def lines(records):
    if not records.exists():
        return []
    return [json.loads(line) for line in records.read_bytes().split(b"\n")[:-1]]


def scores(folder):
    """Every grade in the gradebook: (student, cell, score), in order."""
    path = folder / "gradebook.db"
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as book:
        return sorted(book.execute(SCORES))


def lose_a_score(folder):
    """As a kill does that comes when a record is written and its score is not."""
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as book, book:
        changed = book.execute(
            "UPDATE grade SET auto_score = NULL WHERE rowid = (SELECT min(rowid) FROM "
            "grade)"
        )
        assert changed.rowcount == 1


def until(happened, process):
    """Waits for something that a command does on its way."""
    deadline = time.monotonic() + 300
    while not happened():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stopped_after(count, process, records, number):
    """Sends a signal when so many records are written."""
    until(lambda: len(lines(records)) >= count, process)
    process.send_signal(number)
    return process.communicate()[0]


def unhurried(source, number):
    """Long enough on its way that a signal comes in between."""
    return f"{source}\nfor _ in range(10**6):\n    pass  # {number}\n"


@pytest.fixture(scope="module")
def answers(pytestconfig):
    """Student → text: one is wrong, two have the same in a style of their own."""
    root = pytestconfig.rootpath
    reference = (root / "solutions" / EXERCISE.path).read_text(encoding="utf-8")
    style = root / "tests/alternatives" / EXERCISE.unit / "losses__gradient_first.py"
    sources = dict.fromkeys(STUDENTS, reference)
    sources |= dict.fromkeys(COPIED, style.read_text(encoding="utf-8"))
    sources[WRONG] = mistakes.load(EXERCISE, root)[0].applied_to(reference)
    return {s: unhurried(text, n) for n, (s, text) in enumerate(sources.items())}


@pytest.fixture(scope="module")
def story(tmp_path_factory, layerwise, answers):
    """Runs: Ctrl-C, kill -9, the rest, nothing left to do, all of it again.

    `said`, by run; `counts` of records after the first, third and fourth; `scores` after
    the third and fourth; `entries` before the regrade, `midway` in it and after (`again`).
    """
    folder = tmp_path_factory.mktemp("class")
    for student, text in answers.items():
        path = folder / "in" / student / "u01" / EXERCISE.path.name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    records = folder / "records.jsonl"
    words = ["grade", folder / "in", "--records", records, "--jobs", 1]
    told = SimpleNamespace(folder=folder, records=records, said=[], counts=[])
    told.scores = []
    first = layerwise(*words)
    told.said.append(stopped_after(1, first, records, signal.SIGINT))
    assert first.returncode == 130, told.said
    told.counts.append(len(lines(records)))
    second = layerwise(*words, "--resume")
    wanted = told.counts[0] + 2
    told.said.append(stopped_after(wanted, second, records, signal.SIGKILL))
    with open(records, "ab") as file:
        file.write(b'{"half": "a li')  # what a kill in the middle of a write leaves
    for _ in range(2):
        told.said.append(finished(layerwise(*words, "--resume")))
        told.counts.append(len(lines(records)))
        told.scores.append(scores(folder))
        lose_a_score(folder)
    told.entries = lines(records)
    fifth = layerwise(*words, "--regrade")
    until(lambda: 0 < len(lines(records)) < len(STUDENTS), fifth)
    midway = scores(folder), lines(records)  # in this order: a record comes first
    told.midway = SimpleNamespace(scores=midway[0], entries=midway[1])
    told.said.append(finished(fifth))
    told.again = SimpleNamespace(scores=scores(folder), entries=lines(records))
    return told


def test_ctrl_c_says_how_far_it_got_and_how_to_go_on(story):
    assert 0 < story.counts[0] < len(STUDENTS)
    assert f"{story.counts[0]} of {len(STUDENTS)} are graded" in story.said[0]
    assert "--resume goes on" in story.said[0]


def test_after_ctrl_c_and_kill_nothing_is_lost_or_doubled(story):
    assert sorted(e["student"] for e in story.entries) == sorted(STUDENTS)
    wrong = [e["student"] for e in story.entries if e["category"] != "passed"]
    assert wrong == [WRONG]


def test_what_is_unchanged_is_not_graded_again(story):
    assert story.counts[1] == story.counts[2] == len(STUDENTS)
    assert f"{len(STUDENTS)} are recorded already and unchanged" in story.said[3]


def test_a_record_says_whose_it_is_and_what_was_graded(story, answers):
    entry = next(e for e in story.entries if e["student"] == "=1+1")
    data = answers["=1+1"].encode()
    assert entry["handed_sha256"] == hashlib.sha256(data).hexdigest()
    assert entry["path"].endswith(f"=1+1/u01/{EXERCISE.path.name}")
    assert entry["submitted_at"] is None
    assert entry["seconds"] > 0
    assert entry["backend"] == BACKEND


def recorded(entries):
    """What the gradebook must hold: a grade a record and no other."""
    cell = checks_id(EXERCISE)
    return sorted((e["student"], cell, e["points"]) for e in entries)


def test_the_gradebook_holds_each_record_once_whatever_was_killed(story):
    expected = recorded(story.entries)
    assert story.scores == [expected, expected]
    assert len({score for _, _, score in expected}) == 2  # one answer is wrong


def test_a_regrade_clears_all_scores_before_it_fills_them_in_again(story):
    filled = [(s, score) for s, _, score in story.midway.scores if score is not None]
    assert len(story.midway.scores) == len(STUDENTS)
    assert len(filled) < len(STUDENTS)
    assert set(filled) <= {(e["student"], e["points"]) for e in story.midway.entries}
    assert story.again.scores == recorded(story.again.entries)
    assert story.again.scores == recorded(story.entries)
    assert "recorded already" not in story.said[4]
    assert f"{len(STUDENTS)} graded" in story.said[4]


def test_similar_finds_the_two_who_wrote_the_same(story, layerwise):
    said = finished(layerwise("similar", story.folder / "in"))
    ((percent, pair),) = re.findall(r"^(\d+) %  (.+)  \S+$", said, re.MULTILINE)
    assert int(percent) > 95
    assert pair == " and ".join(COPIED)
    assert f"1 pair above 60 % among {len(STUDENTS)} students." in said


def test_the_table_has_the_points_of_the_records(story, layerwise):
    path = story.folder / "class.csv"
    finished(layerwise("export", "csv", story.records, "--out", path))
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [(row["student"].removeprefix("'"), float(row["points"])) for row in rows]
    assert sorted(found) == [(s, score) for s, _, score in story.again.scores]


def test_the_page_shows_the_class(story, layerwise):
    path = story.folder / "class.html"
    finished(layerwise("report", story.records, "--out", path))
    text = html.unescape(path.read_text(encoding="utf-8"))
    assert all(student in text for student in STUDENTS)
    assert f"{len(STUDENTS)} students, {len(STUDENTS)} submissions" in text
    (wrong,) = [e for e in story.entries if e["student"] == WRONG]
    assert wrong["explanation"] and wrong["explanation"] in text
    assert "Similarity" in text and "No two submissions are alike" not in text
