"""Late penalties in nbgrader's gradebook, by the policy file."""

import datetime
import shutil

import pytest

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

from autograder.delivery.nbgrader_plugins.late import LateWork

UNIT, CELLS = "u01_numpy_mlp", ("u01-activations-checks", "u01-losses-checks")
DUE = datetime.datetime(2026, 11, 2, 22, 59)  # UTC
HOUR = datetime.timedelta(hours=1)
POLICY = """
zone = "Europe/Berlin"
grace_minutes = 15
percent_a_day = 10

[due]
u01_numpy_mlp = 2026-11-02T23:59:00
"u01_numpy_mlp/losses" = 2026-11-04T23:59:00
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A gradebook's file with one submission, 6 of 10 and 4 of 10 points."""
    from nbgrader.api import Gradebook

    path = tmp_path_factory.mktemp("book") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}") as made:
        made.add_assignment(UNIT)
        made.add_notebook(UNIT, UNIT)
        for name in CELLS:
            made.add_grade_cell(name, UNIT, UNIT, max_score=10, cell_type="code")
        made.add_student("ada")
        made.add_submission(UNIT, "ada")
        for name, points in zip(CELLS, (6, 4), strict=True):
            made.find_grade(name, UNIT, UNIT, "ada").auto_score = points
        made.db.commit()
    return path


@pytest.fixture
def book(written, tmp_path):
    from nbgrader.api import Gradebook

    shutil.copyfile(written, tmp_path / "gradebook.db")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as opened:
        yield opened


@pytest.fixture
def late_work(tmp_path):
    """`late_work(policy)`: what nbgrader makes of LateWork in this course."""
    from nbconvert.exporters import NotebookExporter
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    def make(policy):
        (tmp_path / "policy.toml").write_text(policy)
        course = CourseDirectory(root=str(tmp_path))
        config = Config({"LateWork": {"policy": "policy.toml"}})
        converter = Autograde(coursedir=course, config=config)
        return LateWork(parent=NotebookExporter(parent=converter, config=config))

    return make


@pytest.fixture
def penalty(book, late_work, tmp_path):
    """`penalty(time)`: what a submission of that time loses."""
    from nbformat import v4

    names = {"notebook": UNIT, "assignment": UNIT, "student": "ada"}
    resources = {"nbgrader": {**names, "db_url": f"sqlite:///{tmp_path}/gradebook.db"}}

    def of(time, policy=POLICY):
        book.find_submission(UNIT, "ada").timestamp = time
        book.db.commit()
        late_work(policy).preprocess(v4.new_notebook(), resources)
        book.db.expire_all()
        return book.find_submission(UNIT, "ada").late_submission_penalty

    return of


@pytest.mark.parametrize(
    "hours, points",
    [
        (-1, 0),
        (0.2, 0),  # within the grace
        (1, 0.6),  # of the six points that were due
        (25, 1.2),
        (49, 1.8 + 0.4),  # the other exercise was due two days later
        (30 * 24, 10),
    ],
)
def test_each_exercise_loses_by_its_own_due_date(hours, points, penalty):
    assert penalty(DUE + hours * HOUR) == pytest.approx(points)


def test_an_extension_granted_in_nbgrader_counts(book, penalty):
    book.grant_extension(UNIT, "ada", days=1)
    assert penalty(DUE + 20 * HOUR) == 0
    assert penalty(DUE + 25 * HOUR) == pytest.approx(0.6)


def test_an_unknown_time_costs_nothing_and_is_said(penalty, caplog):
    assert penalty(None) == 0
    assert "When ada handed in is not known" in caplog.text


def test_points_given_by_hand_later_lose_their_share_at_the_next_run(book, penalty):
    assert penalty(DUE + HOUR) == pytest.approx(0.6)
    book.find_grade(CELLS[0], UNIT, UNIT, "ada").manual_score = 8.0
    assert penalty(DUE + HOUR) == pytest.approx(0.8)


def test_a_penalty_goes_when_the_policy_does(penalty):
    assert penalty(DUE + HOUR) == pytest.approx(0.6)
    assert penalty(DUE + HOUR, policy=POLICY.replace("-02T", "-03T")) == 0


def test_formgrader_shows_the_due_date_of_the_policy(book, penalty):
    penalty(DUE)
    assert book.find_assignment(UNIT).duedate == DUE


def test_a_policy_that_is_none_is_refused_before_anything_is_judged(late_work):
    from autograder.delivery.policy import BadPolicy

    with pytest.raises(BadPolicy, match="percent_per_day"):
        late_work("percent_per_day = 10")
