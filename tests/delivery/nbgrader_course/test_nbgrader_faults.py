"""Faults that nbgrader's own way of grading is known for, and that ours must not have.

One `nbgrader autograde` and one `generate_feedback` over a class of cheats and accidents.
"""

import copy
import json
import warnings

import nbformat
import numpy as np
import pytest
from nbformat import v4

from autograder.delivery import notebooks
from course import syllabus

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

SCRIPT = """<script>alert(1)</script> ### BEGIN HIDDEN TESTS

```mermaid
</pre><script>alert(2)</script>
```

[here](javascript:alert(3)) ![lost](attachment:lost.png) **bold** $a<b$
"""
NOISY = "\nimport warnings\nwarnings.warn('not a fault')\nprint('so much to say')\n"
CHEATS = {
    "displayhook": "import sys\nsys.displayhook(3.0)\n39.0",
    "ast-transformer": "get_ipython().ast_transformers.append(lambda tree: tree)",
    "input-transformer": "get_ipython().input_transformers_post.append(lambda t: [])",
    "np-rebound": "import numpy as np\nnp.testing.assert_allclose = print\nnp = None",
    "check-cell-rebound": "import course\ncourse.check_cell = lambda name: 39.0",
}


@pytest.fixture(scope="module")
def students(classroom):
    """Everybody's notebook, by a name that says what is the matter with it."""
    right = classroom.solutions
    made = {name: classroom.released(activations=text) for name, text in CHEATS.items()}
    slip = right["activations"].replace("dy * self.positive", "np.maximum(dy, 0)")
    made["slip"] = classroom.released(activations=slip)
    magic = "%pip install numpy\n" + right["activations"]
    made["magic"] = classroom.released(activations=magic)
    made["noisy"] = classroom.released(activations=right["activations"] + NOISY)
    made["dead"] = classroom.released(**{**right, "activations": "raise SystemExit"})
    made["old-score"] = classroom.released(answer=SCRIPT)
    made["duplicate"] = classroom.released(**right)
    made["text"] = classroom.released(**right)
    made["skip"] = classroom.released()
    _dress(classroom, made)
    made["junk"] = b"{nope"
    made["surrogate"] = json.dumps(
        classroom.released(activations='x = "\ud800"')
    ).encode()
    return made


def _dress(classroom, made):
    """What is wrong with cells and their metadata, not with their text."""
    twin = copy.deepcopy(classroom.cell(made["duplicate"], "u01-losses"))
    twin.id, twin.source = "twin", "x = 1"
    made["duplicate"].cells.append(twin)
    solution, cells = classroom.cell(made["text"], "u01-losses"), made["text"].cells
    cells[cells.index(solution)] = v4.new_markdown_cell(
        solution.source, metadata=solution.metadata
    )
    cells = made["old-score"].cells
    cells.remove(classroom.cell(made["old-score"], "u01-activations-checks"))
    for cell in made["skip"].cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
        if cell.metadata.nbgrader.grade and cell.cell_type == "code":
            cell.metadata.nbgrader.update(points=1000, locked=False, solution=True)
            result = {"text/plain": "39.0"}
            cell.outputs = [v4.new_output("execute_result", data=result)]


@pytest.fixture(scope="module")
def graded(classroom, command, students):
    """The gradebook after autograding; one student had full marks before."""
    from nbgrader.api import Gradebook

    for name, notebook in students.items():
        classroom.hand_in(name, notebook)
    with Gradebook(f"sqlite:///{classroom.folder}/gradebook.db") as book:
        book.update_or_create_student("old-score")
        book.update_or_create_submission(classroom.unit, "old-score")
        before = _grade(book, classroom, "old-score", "activations-checks")
        before.auto_score = before.max_score
        book.db.commit()
    command(classroom.folder, "nbgrader", "autograde", classroom.unit)
    with Gradebook(f"sqlite:///{classroom.folder}/gradebook.db") as book:
        yield book


def _grade(book, classroom, student, name):
    unit = classroom.unit
    return book.find_grade(f"u01-{name}", unit, unit, student)


@pytest.fixture
def score(graded, classroom):
    """The automatic score of a student's cell, as a share of what is possible."""

    def of(student, name):
        grade = _grade(graded, classroom, student, f"{name}-checks")
        return grade.auto_score / grade.max_score

    return of


@pytest.fixture
def said(graded, classroom):
    """What stands under a student's test cell."""

    def of(student, name):
        notebook = nbformat.read(classroom.path("autograded", student), 4)
        return classroom.cell(notebook, f"u01-{name}-checks").outputs[0].text

    return of


@pytest.mark.parametrize("name", CHEATS)
def test_no_code_gives_itself_points(score, name):
    assert score(name, "activations") == 0


def test_no_tag_output_or_metadata_gives_points(score, graded, classroom):
    assert score("skip", "activations") == score("skip", "losses") == 0
    assert _grade(graded, classroom, "skip", "losses-checks").max_score < 1000


def test_a_right_answer_that_warns_and_prints_gets_full_marks(score):
    assert score("noisy", "activations") == 1


def test_a_notebooks_command_in_an_answer_is_named(score, said):
    assert score("magic", "activations") == 0
    assert "line 1: %pip is a command of notebooks" in said("magic", "activations")


def test_an_answer_that_exits_costs_itself_and_nothing_else(score, said):
    assert score("dead", "activations") == 0
    assert score("dead", "losses") == 1
    assert "ended the process" in said("dead", "activations")


def test_a_score_does_not_outlive_its_deleted_test_cell(score):
    assert score("old-score", "activations") == 0


@pytest.mark.parametrize(
    ("student", "words"),
    [("duplicate", "they differ"), ("text", "no code cell any more")],
)
def test_a_cell_that_can_not_be_graded_says_why(score, said, student, words):
    assert score(student, "losses") == 0
    assert score(student, "activations") == 1
    assert words in said(student, "losses")


def test_what_is_no_notebook_is_graded_0_with_a_reason(score, said):
    assert score("junk", "activations") == 0
    assert "can't be read as a notebook" in said("junk", "activations")


def test_text_that_no_file_can_hold_is_survived(score):
    assert score("surrogate", "activations") == 0


def test_an_instructors_own_test_cell_waits_for_a_person(graded, classroom):
    grade = _grade(graded, classroom, "noisy", "mine")
    assert grade.needs_manual_grade and grade.auto_score == 0


def test_every_submission_is_in_the_book(graded, classroom, students):
    names = {s.student.id for s in graded.assignment_submissions(classroom.unit)}
    assert names == set(students)


def test_every_test_cell_has_one_text_and_one_plain_number(graded, classroom, students):
    for student in students:
        notebook = nbformat.read(classroom.path("autograded", student), 4)
        for name in classroom.solutions:
            outputs = classroom.cell(notebook, f"u01-{name}-checks").outputs
            assert [o.output_type for o in outputs] == ["stream", "execute_result"]
            assert outputs[0].name == "stdout" and outputs[0].text.strip()
            assert (
                repr(float(outputs[1].data["text/plain"]))
                == (outputs[1].data["text/plain"])
            )


def test_hidden_checks_tell_their_category_and_nothing_of_themselves(
    said, pytestconfig
):
    folder = pytestconfig.rootpath / "autograder/hidden/u01_numpy_mlp"
    text = said("np-rebound", "activations")
    assert "a hidden check" in text
    for line in (folder / "test_activations.py").read_text().splitlines():
        if line.startswith("def test_"):
            title = line[len("def test_") : line.index("(")].replace("_", " ")
            assert title not in text


def test_feedback_runs_no_script_and_shows_no_hidden_test(graded, classroom, command):
    command(classroom.folder, "nbgrader", "generate_feedback", classroom.unit)
    for student in ("old-score", "noisy"):
        page = classroom.path("feedback", student).with_suffix(".html").read_text()
        assert "<script>alert" not in page and "javascript:alert" not in page
        assert "def test_" not in page
    page = classroom.path("feedback", "old-score").with_suffix(".html").read_text()
    assert "<strong>bold</strong>" in page and "lost.png is missing" in page


@pytest.mark.parametrize(("student", "fails"), [("noisy", False), ("slip", True)])
def test_a_notebook_and_its_files_get_the_same_score_check_by_check(
    graded, classroom, tmp_path, pytestconfig, student, fails
):
    from autograder.delivery import seeds
    from autograder.grading import submission
    from autograder.grading.engine import Engine
    from autograder.grading.transport import InThisProcess

    lines = (classroom.folder / "records.jsonl").read_text().splitlines()
    entries = {(e["student"], e["exercise"]): e for e in map(json.loads, lines)}
    root = pytestconfig.rootpath
    engine = Engine(root, secret=seeds.secret(root))
    found = notebooks.read(classroom.path("submitted", student))
    (exercise,) = syllabus.find("u01/activations")
    file = tmp_path / "activations.py"
    file.write_text(notebooks.sources(found)[exercise.id])
    with warnings.catch_warnings(action="ignore"):
        result = engine.judge(submission.read(file, exercise), InThisProcess())
    recorded = entries[student, exercise.id]
    assert recorded["submission_sha256"] == result.submission.sha256
    assert [(o.check, o.points, o.category) for o in result.outcomes] == [
        (o["check"], o["points"], o["category"]) for o in recorded["outcomes"]
    ]
    passed = {outcome.passed for outcome in result.outcomes}
    assert passed == ({True, False} if fails else {True})


@pytest.mark.parametrize(
    ("score", "written"),
    [
        (np.float32(1.5), "1.5"),
        (np.float64(3), "3.0"),
        (True, "1.0"),
        (-2.0, "0.0"),
        (1e9, "3.0"),
        (0, "0.0"),
    ],
)
def test_a_score_is_written_as_a_plain_number_in_its_range(score, written):
    from nbgrader.utils import determine_grade

    from autograder.delivery.nbgrader_plugins.outputs import write

    cell = _test_cell()
    write(cell, ["said"], score, 3.0)
    assert cell.outputs[1].data["text/plain"] == written
    assert determine_grade(cell) == (float(written), 3.0)


def test_a_score_given_as_a_tensor_is_written_as_a_plain_number():
    from keras import ops

    from autograder.delivery.nbgrader_plugins.outputs import write

    cell = _test_cell()
    write(cell, ["said"], ops.convert_to_tensor(1.5), 3.0)
    assert cell.outputs[1].data["text/plain"] == "1.5"
    with pytest.raises(ValueError, match="nan"):
        write(cell, ["said"], ops.convert_to_tensor(float("nan")), 3.0)


def test_a_score_that_is_no_number_is_refused():
    from autograder.delivery.nbgrader_plugins.outputs import write

    with pytest.raises(ValueError, match="nan"):
        write(_test_cell(), ["said"], float("nan"), 3.0)


def _test_cell():
    settings = {"grade_id": "u01-x-checks", "grade": True, "solution": False}
    return v4.new_code_cell("", metadata={"nbgrader": {**settings, "points": 3}})
