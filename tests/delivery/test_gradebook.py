"""Scores in nbgrader's gradebook: what it shows, and two graders at once."""

import subprocess
import sys

import pytest

from autograder.delivery import gradebook
from autograder.delivery.gradebook import Book, GradebookFailed
from autograder.delivery.notebooks import checks_id
from course import syllabus

CONV2D, POOLING = (syllabus.find(name)[0] for name in ("conv2d", "pooling"))


def entry(student, points, exercise=CONV2D, category="wrong_values", at=None):
    return {
        "student": student,
        "exercise": exercise.id,
        "points": points,
        "max_points": 33.0,
        "category": category,
        "submitted_at": at,
    }


def scores(url):
    """What nbgrader itself reads: student → cell → score."""
    from nbgrader.api import Gradebook

    found = {}
    with Gradebook(url) as book:
        for submission in book.assignment_submissions(CONV2D.unit):
            (notebook,) = submission.notebooks
            found[submission.student_id] = {
                g.name: g.auto_score for g in notebook.grades
            }
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "gradebook.db"
    with Book(str(path)) as book:
        book.put(entry("ann", 7.5))
        book.put(entry('=1+1, "O\'Neil" / 名前', 33.0))
        book.put(entry("ann", 9.0, at="2026-11-02T23:59:00+01:00"))
        book.put(entry("ann", 3.0, POOLING))
        book.put(entry("zed", 5.0))
        book.clear("zed", CONV2D)
        book.put(entry("yin", 5.0))
        book.put(entry("yin", 0.0, category="grader_error"))
    return f"sqlite:///{path}"


def test_nbgrader_reads_the_last_score_of_each_exercise(filled):
    found = scores(filled)
    assert found["ann"] == {checks_id(CONV2D): 9.0, checks_id(POOLING): 3.0}


def test_odd_names_survive(filled):
    assert scores(filled)['=1+1, "O\'Neil" / 名前'][checks_id(CONV2D)] == 33.0


def test_no_old_score_survives_a_clearing_or_a_fault_of_the_grader(filled):
    assert scores(filled)["zed"][checks_id(CONV2D)] is None
    assert scores(filled)["yin"][checks_id(CONV2D)] is None


def test_the_time_is_kept_in_utc_and_the_cell_has_its_points(filled):
    from nbgrader.api import Gradebook

    with Gradebook(filled) as book:
        submission = book.find_submission(CONV2D.unit, "ann")
        assert submission.timestamp.isoformat() == "2026-11-02T22:59:00"
        cell = book.find_grade_cell(checks_id(CONV2D), CONV2D.unit, CONV2D.unit)
        assert cell.max_score == 33.0


WRITER = """
import sys
from autograder.delivery.gradebook import Book
with Book(sys.argv[1]) as book:
    for n in range(12):
        for student in (f"{sys.argv[2]} {n}", f"both {n}"):
            book.put({"student": student, "exercise": "u05_convolution/conv2d",
                      "points": float(n), "max_points": 33.0, "category": "passed"})
"""


def test_two_graders_at_once_lose_nothing_in_a_new_book(tmp_path):
    path = tmp_path / "gradebook.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, name],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        said = writer.communicate()[1]
        assert (writer.returncode, said) == (0, "")
    found = scores(f"sqlite:///{path}")
    expected = {f"{w} {n}": n for w in ("one", "two", "both") for n in range(12)}
    assert {s: grades[checks_id(CONV2D)] for s, grades in found.items()} == expected


def test_a_book_that_cannot_be_opened_is_one_sentence(tmp_path):
    with pytest.raises(GradebookFailed, match="unable to open"):
        Book(str(tmp_path / "nowhere" / "gradebook.db"))


# What databases say


class Said(Exception):
    """What a database's driver raises; SQLAlchemy keeps it as `orig`."""


@pytest.fixture
def book(filled, monkeypatch):
    """`book(*errors)`: an open one whose next commits fail with these, each once."""
    opened = []

    def failing(*errors):
        opened.append(Book(filled))
        db, left = opened[-1]._book.db, list(errors)
        commit = db.commit

        def commit_or_fail():
            if left:
                raise left.pop(0)
            commit()

        monkeypatch.setattr(db, "commit", commit_or_fail)
        opened[-1].left = left
        return opened[-1]

    yield failing
    monkeypatch.undo()
    for one in opened:
        one.close()


def raised(kind, said, **values):
    from sqlalchemy import exc

    return getattr(exc, kind)("UPDATE grade …", values, Said(said))


@pytest.mark.parametrize(
    "kind, said",
    [
        ("OperationalError", "database is locked"),
        (
            "OperationalError",
            "(1213, 'Deadlock found when trying to get lock; try restarting')",
        ),
        ("InternalError", "(1205, 'Lock wait timeout exceeded; try restarting')"),
        ("OperationalError", "could not serialize access due to concurrent update"),
        ("OperationalError", "deadlock detected\nDETAIL: Process 18448 waits for …"),
        ("DatabaseError", "canceling statement due to lock timeout"),
        ("ProgrammingError", 'relation "assignment" already exists'),
    ],
)
def test_whoever_is_in_the_way_of_another_tries_again(book, filled, kind, said, caplog):
    before = scores(filled)["ann"][checks_id(POOLING)]
    busy = book(raised(kind, said), raised(kind, said))
    busy.put(entry("ann", before + 1, POOLING))
    assert scores(filled)["ann"][checks_id(POOLING)] == before + 1
    busy.left.append(raised(kind, said))
    busy.clear("ann", POOLING)
    assert scores(filled)["ann"][checks_id(POOLING)] is None
    busy.put(entry("ann", before, POOLING))
    assert not caplog.records  # nbgrader would log a traceback each time


@pytest.mark.parametrize("act", ["put", "clear"])
def test_what_does_not_pass_is_one_sentence_at_once(book, act):
    full = raised("OperationalError", "disk is full\n(Background …)", who="locked")
    failing = book(full, full)
    arguments = [entry("ann", 1.0)] if act == "put" else ["ann", CONV2D]
    with pytest.raises(GradebookFailed, match=r"can't be written: disk is full$"):
        getattr(failing, act)(*arguments)
    assert len(failing.left) == 1  # it was not tried again


def test_patience_has_an_end(book, monkeypatch):
    monkeypatch.setattr(gradebook, "_PATIENCE", 0)
    with pytest.raises(GradebookFailed, match="can't be written: database is locked"):
        book(*[raised("OperationalError", "database is locked")] * 9).clear(
            "ann", CONV2D
        )


@pytest.mark.parametrize(
    "url, shown",
    [
        ("postgresql://ann:s3cret@localhost:1/book", "postgresql://ann:***@localhost"),
        ("postgresql://ann@localhost:1/book?password=s3cret", "ann@localhost:1/book:"),
        (
            "postgresql://ann:x@:s3cret@localhost/book",
            "can't be read. It is postgresql:",
        ),
        ("postgresql://ann:x@s3cret@localhost/book", "%40 for an @"),
        ("no_such://ann:s3cret@localhost/book", "no_such://ann:***@localhost/book:"),
    ],
)
def test_passwords_are_not_shown(url, shown):
    with pytest.raises(GradebookFailed) as failed:
        Book(url)
    assert shown in str(failed.value)
    assert "s3cret" not in str(failed.value)
    assert "\n" not in str(failed.value)
