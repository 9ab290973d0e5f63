"""`%%check` in IPython's own shell, with a client that runs nothing."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import course
from course import progress, syllabus
from course.cli import client, render
from course.cli.notebook import ChecksFailed

(CONV2D,) = syllabus.find("conv2d")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    root = tmp_path / "kit"
    (root / "course").mkdir(parents=True)
    file = root / "exercises" / CONV2D.path
    file.parent.mkdir(parents=True)
    file.write_text("raise NotImplementedError('Write it.')\n")
    monkeypatch.setenv("LAYERWISE_PROJECT", str(root))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(render, "_WARNED", set())
    return root


@pytest.fixture(scope="module")
def shell():
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "course")
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def asked(monkeypatch):
    """A client that passes what defines `right`; what it was asked."""
    calls = []

    def check_source(exercise, source, filename, on_event=None, backend=None):
        calls.append((exercise.name, source, filename))
        on_event({"event": "starting", "backend": "PyTorch"})
        passed = "right" in source
        outcome = {
            "check": "test_it", "title": "it", "scope": "public",
            "category": "passed" if passed else "wrong_values",
            "points": float(passed), "max_points": 1.0, "message": "2 < 3 differ.",
            "detail": "", "explanation": "", "frames": [], "printed": "",
        }  # fmt: skip
        return {
            "exercise": exercise.id, "outcomes": [outcome], "points": float(passed),
            "max_points": 1.0, "passed": passed,
        }  # fmt: skip

    def check_file(exercise, on_event=None, backend=None):
        file = client.project_root() / "exercises" / exercise.path
        return check_source(exercise, file.read_text(), str(file), on_event)

    monkeypatch.setattr(client, "check_source", check_source)
    monkeypatch.setattr(client, "check_file", check_file)
    return calls


def run(shell, cell):
    """Runs a cell; gives what it showed as HTML, in order, and what it printed."""
    with capture_output() as said:
        shell.run_cell(cell)
    pages = [o.data["text/html"] for o in said.outputs if "text/html" in o.data]
    return pages, said.stdout


def test_a_cell_runs_in_the_notebook_and_its_text_is_checked(shell, asked):
    pages, out = run(shell, "%%check conv2d\nright = 41 + 1\nprint('ran')")
    assert shell.user_ns["right"] == 42
    assert "ran" in out
    ((name, source, filename),) = asked
    assert (name, filename) == ("conv2d", "this cell")
    assert source.splitlines()[1] == "right = 41 + 1"  # line 2, as the notebook counts
    assert "conv2d is done" in pages[-1]


def test_while_keras_starts_it_says_so(shell, asked):
    pages, _ = run(shell, "%%check conv2d\nright = 1")
    assert "Starting Keras on PyTorch" in pages[-2]


def test_feedback_is_text_and_no_markup(shell, asked):
    pages, _ = run(shell, "%%check conv2d\nx = 1")
    assert "2 &lt; 3 differ." in pages[-1]
    assert "!layerwise hint conv2d" in pages[-1]


def test_a_cell_that_raises_is_checked_all_the_same(shell, asked):
    pages, out = run(shell, "%%check conv2d\n1 / 0")
    assert "ZeroDivisionError" in out
    assert len(asked) == 1
    assert "wrong values" in pages[-1]


def test_an_interrupted_cell_is_not_checked(shell, asked):
    run(shell, "%%check conv2d\nraise KeyboardInterrupt")
    assert asked == []


@pytest.mark.parametrize(
    "name, said",
    [
        ("conv3d", "Did you mean conv2d"),
        ("u05", "is a unit"),
        ("", "Which exercise?"),
        ("<b>", "called &lt;b&gt;"),
    ],
)
def test_a_wrong_name_is_a_line_and_no_traceback(shell, asked, name, said):
    pages, out = run(shell, f"%%check {name}\nright = 1")
    assert said in pages[-1]
    assert "Traceback" not in out
    assert asked == []


def test_a_checker_that_fails_is_a_line_and_no_traceback(shell, asked, monkeypatch):
    def fail(*_, **__):
        raise client.CheckingFailed("The checker could not start.")

    monkeypatch.setattr(client, "check_source", fail)
    pages, out = run(shell, "%%check conv2d\nright = 1")
    assert "The checker could not start." in pages[-1]
    assert "Traceback" not in out


def test_a_passing_cell_is_progress_and_leaves_the_file_alone(shell, asked, project):
    file = project / "exercises" / CONV2D.path
    before = file.read_bytes()
    run(shell, "%%check conv2d\nright = 1")
    read = progress.load(project)
    assert CONV2D.id in read.notebook
    assert read.passed == {}
    assert file.read_bytes() == before
    assert progress.state(CONV2D, project, read, None) == progress.State.DONE


def test_check_takes_the_file(shell, asked, project):
    (project / "exercises" / CONV2D.path).write_text("right = 1")
    with capture_output() as said:
        course.check("conv2d")
    assert "conv2d is done" in said.outputs[-1].data["text/html"]
    assert CONV2D.id in progress.load(project).passed


def test_what_could_not_be_saved_is_told(shell, asked, project):
    (project / ".layerwise").write_text("in the way")
    pages, _ = run(shell, "%%check conv2d\nright = 1")
    assert "conv2d is done" in pages[-1]
    assert "was not saved" in pages[-1]


CELL = "class Conv2D:\n    {word} = 1"


def test_a_test_cell_checks_the_exercises_cell_as_it_was_run_last(shell, asked):
    for word in ("wrong", "right"):
        shell.run_cell(CELL.format(word=word), store_history=True)
    shell.run_cell("unrelated = 1", store_history=True)
    pages, _ = run(shell, "from course import check_cell\ncheck_cell('conv2d')")
    assert asked == [("conv2d", CELL.format(word="right"), "this cell")]
    assert "conv2d is done" in pages[-1]


def test_a_test_cell_raises_unless_all_checks_pass(shell, asked):
    shell.run_cell(f"%%check conv2d\n{CELL.format(word='wrong')}", store_history=True)
    with pytest.raises(ChecksFailed, match="conv2d: 0 of 1 checks pass"):
        course.check_cell("conv2d")
    assert asked[-1][1].splitlines()[1] == "class Conv2D:"


def test_a_test_cell_without_its_exercise_says_what_to_run(shell, asked):
    with pytest.raises(ChecksFailed, match="No cell that defines LeNet5 was run"):
        course.check_cell("lenet5")
    assert asked == []
