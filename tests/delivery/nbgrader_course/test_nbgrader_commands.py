"""nbgrader's own commands, in their order, on a course that `layerwise release` wrote.

Three students: Ada is right, Bob partly wrong, Eve cheats. Each command is run once, as
a command; then what it left behind is looked at.
"""

import csv
import datetime
import os
import zipfile

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

WRONG = "dy * self.positive", "dy * self.positive * 2"
CHEAT = """
import numpy as np
from IPython import get_ipython
import sys

sys.displayhook(3.0)
print(1e9)
"""


@pytest.fixture(scope="module")
def exchange(classroom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o777)
    classroom.configure(f"c.Exchange.root = {str(folder)!r}")
    return folder


@pytest.fixture(scope="module")
def desk(exchange, tmp_path_factory):
    """A student's folder, with the two settings that a student needs."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Exchange.root = {str(exchange)!r}\n"
        "c.CourseDirectory.course_id = 'dl101'\n"
    )
    return folder


@pytest.fixture(scope="module")
def released(classroom, exchange, command):
    """The release folder, which students can fetch from the exchange."""
    command(classroom.folder, "nbgrader", "release_assignment", classroom.unit)
    return classroom.path("release").parent


@pytest.fixture(scope="module")
def answers(classroom, released):
    """What the three students hand in."""
    right = classroom.solutions
    assert WRONG[0] in right["activations"]
    ada = classroom.released(**right, answer="I expected *a line*. It bends.")
    partly = {**right, "activations": right["activations"].replace(*WRONG)}
    bob = classroom.released(**partly)
    eve = classroom.released(activations=CHEAT, losses=CHEAT)
    for cell in eve.cells:
        cell.metadata["tags"] = ["skip-execution"]
    eve.cells = [c for c in eve.cells if c.get("id") != "u01-losses-checks"]
    return {"ada": ada, "bob": bob, "eve": eve}


@pytest.fixture(scope="module")
def graded(classroom, command, desk, exchange, answers):
    """The course after fetching, handing in, collecting, autograding."""
    unit = classroom.unit
    command(desk, "nbgrader", "fetch_assignment", unit)
    _due_half_a_day_ago(classroom)
    for student in ("bob", "eve"):
        nbformat.write(answers[student], desk / unit / f"{unit}.ipynb")
        command(desk, "nbgrader", "submit", unit, f"--student={student}")
        _forge(exchange / "dl101/inbound", student)
    archive = classroom.folder / "downloaded" / unit / "archive" / "platform.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(f"ada_4711_0815_{unit}.ipynb", nbformat.writes(answers["ada"]))
    command(classroom.folder, "nbgrader", "zip_collect", unit)
    command(classroom.folder, "nbgrader", "collect", unit)
    said = command(classroom.folder, "nbgrader", "autograde", unit)
    return said


def _due_half_a_day_ago(classroom):
    """Bob and Eve are late then; when Ada handed in, by the platform, nobody knows."""
    due = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=12)
    policy = f"percent_a_day = 10\n[due]\n{classroom.unit} = {due.isoformat()}\n"
    (classroom.folder / "policy.toml").write_text(policy)
    classroom.configure('c.LateWork.policy = "policy.toml"')


def _forge(inbound, student):
    """Moves a submission's name and timestamp.txt to last year."""
    (folder,) = inbound.glob(f"{student}+*")
    name, unit, _, rest = folder.name.rsplit("+", 3)
    forged = inbound / f"{name}+{unit}+2020-01-01 00:00:00 UTC+{rest}"
    folder.rename(forged)
    forged.chmod(0o777)
    note = forged / "timestamp.txt"
    note.write_text("2020-01-01 00:00:00 UTC")
    os.utime(note, (0, 0))


@pytest.fixture(scope="module")
def book(classroom, graded):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{classroom.folder}/gradebook.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def feedback(classroom, command, book):
    """The feedback pages by student, after somebody has graded Ada's answer by hand."""
    grade = book.find_grade("u01-answer", classroom.unit, classroom.unit, "ada")
    assert grade.needs_manual_grade
    grade.manual_score, grade.needs_manual_grade = 4.0, False
    book.db.commit()
    command(classroom.folder, "nbgrader", "generate_feedback", classroom.unit)
    command(classroom.folder, "nbgrader", "release_feedback", classroom.unit)
    return {
        student: classroom.path("feedback", student).with_suffix(".html").read_text()
        for student in ("ada", "bob", "eve")
    }


def scores(book, classroom, student):
    found = book.find_submission_notebook(classroom.unit, classroom.unit, student)
    return {grade.name.removeprefix("u01-"): grade.auto_score for grade in found.grades}


def test_the_released_notebook_holds_the_stubs_and_no_hidden_test(
    classroom, released, pytestconfig
):
    notebook = nbformat.read(classroom.path("release"), 4)
    for name in classroom.solutions:
        stub = pytestconfig.rootpath / "exercises" / classroom.unit / f"{name}.py"
        assert classroom.cell(notebook, f"u01-{name}").source + "\n" == stub.read_text()
        assert "HIDDEN" not in classroom.cell(notebook, f"u01-{name}-checks").source
    text = classroom.path("release").read_text()
    assert "def test_" not in text and "BEGIN SOLUTION" not in text


def test_released_cells_are_locked_and_have_checksums(classroom, released):
    notebook = nbformat.read(classroom.path("release"), 4)
    for cell in notebook.cells:
        settings = cell.metadata.nbgrader
        assert settings.checksum
        assert cell.metadata.deletable is False
        assert cell.metadata.get("editable", True) is settings.solution


def test_a_solution_file_beside_the_notebook_is_released_as_its_stub(released):
    text = (released / "notes.py").read_text()
    assert text == 'x = 1\nraise NotImplementedError("Say x.")\n'


def test_right_answers_get_full_marks_and_wrong_ones_part(book, classroom, graded):
    graded_cells = book.find_notebook(classroom.unit, classroom.unit).grade_cells
    full = {cell.name.removeprefix("u01-"): cell.max_score for cell in graded_cells}
    ada, bob = (scores(book, classroom, name) for name in ("ada", "bob"))
    assert ada == {**full, "answer": None, "mine": 0}
    assert bob["losses-checks"] == full["losses-checks"]
    assert 0 < bob["activations-checks"] < full["activations-checks"]
    assert bob["answer"] == 0


def test_a_cheat_gets_nothing(book, classroom, graded):
    assert set(scores(book, classroom, "eve").values()) == {0.0}


def test_a_forged_time_is_replaced_by_that_of_arrival(book, classroom, graded):
    submission = book.find_submission(classroom.unit, "eve")
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert now - submission.timestamp < datetime.timedelta(hours=1)


def test_who_is_late_loses_points_whatever_time_they_claim(book, classroom, graded):
    ada, bob = (book.find_submission(classroom.unit, name) for name in ("ada", "bob"))
    assert bob.late_submission_penalty == pytest.approx(0.1 * bob.score)
    assert ada.late_submission_penalty == 0
    assert "When ada handed in is not known" in graded


def test_feedback_says_what_being_late_has_cost(book, classroom, feedback):
    assert "Late submission penalty" in feedback["bob"]
    assert "Late submission penalty" not in feedback["ada"]


def test_feedback_says_what_is_wrong_and_shows_no_hidden_test(feedback):
    assert "backward" in feedback["bob"] and "✗" in feedback["bob"]
    for page in feedback.values():
        assert "HIDDEN TESTS" not in page
        assert "def test_" not in page


def test_feedback_counts_what_a_person_graded(book, classroom, feedback):
    submission = book.find_submission(classroom.unit, "ada")
    assert submission.score == submission.max_score - 1 - 2  # the instructor's own test


def test_a_student_can_fetch_the_feedback(command, desk, classroom, feedback):
    command(desk, "nbgrader", "fetch_feedback", classroom.unit)
    assert list((desk / classroom.unit / "feedback").rglob("*.html"))


def test_grades_are_exported_as_safe_csv(command, classroom, book):
    book.update_or_create_student("bob", last_name='=1+1,"x"')
    command(classroom.folder, "nbgrader", "export", "--to", "grades.csv")
    with open(classroom.folder / "grades.csv", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows["bob"]["last_name"] == '\'=1+1,"x"'
    points, raw = (float(rows["bob"][name]) for name in ("score", "raw_score"))
    assert 0 < points == pytest.approx(0.9 * raw)
    assert float(rows["eve"]["score"]) == 0
