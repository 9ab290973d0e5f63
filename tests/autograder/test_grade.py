"""`layerwise grade` on the sample class: what the demo shows, proved."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.authoring import sample_class
from autograder.grading import isolation

LAYERWISE = Path(sys.executable).with_name("layerwise")


@pytest.fixture(scope="module")
def kind():
    return "namespaces" if isolation.possible().isolated else "none"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pytestconfig):
    path = tmp_path_factory.mktemp("class")
    sample_class.write(path, pytestconfig.rootpath)
    return path


def layerwise(root, *words):
    return subprocess.run(
        [LAYERWISE, *map(str, words)],
        cwd=root,
        env={**os.environ, "COLUMNS": "160"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def graded(folder, kind, pytestconfig):
    records = folder / "records.jsonl"
    done = layerwise(
        pytestconfig.rootpath, "grade", folder, "--seconds", 2,
        "--records", records, "--isolation", kind,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in records.read_text().splitlines()]
    return {
        Path(entry["filename"]).parent.name: entry for entry in entries
    }, done.stdout


def share(entry) -> float:
    return entry["points"] / entry["max_points"]


def test_right_answers_get_full_marks_in_any_style(graded):
    entries, _ = graded
    assert share(entries["right"]) == 1
    assert share(entries["right-another-style"]) == 1


def test_work_half_done_gets_some_and_an_untouched_stub_nothing(graded):
    entries, _ = graded
    assert 0 < share(entries["half-done"]) < 0.5
    assert share(entries["untouched-stub"]) == 0
    assert entries["untouched-stub"]["category"] == "not_attempted"


def test_the_flipped_kernel_is_explained(graded):
    entries, said = graded
    assert "flipped" in entries["flipped-kernel"]["explanation"]
    assert "flipped" in said


def test_a_syntax_error_gets_nothing_and_names_its_line(graded):
    entries, _ = graded
    assert entries["syntax-error"]["category"] == "syntax_error"
    assert "line" in entries["syntax-error"]["explanation"]


def test_an_endless_loop_costs_only_the_checks_that_run_into_it(graded):
    entries, _ = graded
    categories = [o["category"] for o in entries["endless-loop"]["outcomes"]]
    assert {"timed_out", "passed"} <= set(categories)
    assert set(categories) <= {"timed_out", "passed", "not_judged"}


def test_what_equals_everything_earns_nothing_by_it(graded):
    entries, _ = graded
    failed = {o["category"] for o in entries["fakes-its-score"]["outcomes"]}
    assert "wrong_values" in failed
    assert share(entries["fakes-its-score"]) < 0.3


def test_the_records_replay(graded, folder, kind, pytestconfig):
    done = layerwise(
        pytestconfig.rootpath, "replay", folder / "records.jsonl", "--line", 4,
        "--isolation", kind,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 checks came out otherwise" in done.stdout


def test_where_isolation_is_refused_nothing_is_graded(
    folder, pytestconfig, monkeypatch, tmp_path
):
    code = (
        "from autograder.grading import isolation as i;"
        "i.possible = lambda: i.Report(reason='No namespaces.', way_out='Do this.');"
        "from course.cli.main import run; run()"
    )
    records = tmp_path / "records.jsonl"
    words = ["grade", str(folder / "right"), "--records", str(records)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "No namespaces. Nothing was graded. Do this." in done.stderr
    assert not records.exists()


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["nowhere.py"], "nowhere.py is not there"),
        (["{folder}/records-of-nothing"], "is not there"),
        (["{empty}"], "holds no exercise file"),
        (["{odd}"], "which exercise is it?"),
        (["{odd}", "--exercise", "nonsense"], "no exercise or unit"),
        (["{folder}/right", "--isolation", "prayer"], "namespaces or landlock or none"),
    ],
)
def test_what_cannot_be_graded_is_one_clear_line(
    words, sentence, folder, pytestconfig, tmp_path
):
    (tmp_path / "homework.py").write_text("x = 1\n")
    (tmp_path / "empty").mkdir()
    places = {
        "folder": folder,
        "empty": tmp_path / "empty",
        "odd": tmp_path / "homework.py",
    }
    done = layerwise(
        pytestconfig.rootpath, "grade", *(word.format(**places) for word in words)
    )
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_read_is_recorded_and_the_others_are_graded(
    folder, kind, pytestconfig, tmp_path
):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "conv2d.py").write_bytes("x = 1".encode("utf-16"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "conv2d.py").write_bytes(
        (folder / "syntax-error" / "conv2d.py").read_bytes()
    )
    records = tmp_path / "records.jsonl"
    done = layerwise(
        pytestconfig.rootpath, "grade", tmp_path, "--records", records,
        "--isolation", kind,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in records.read_text().splitlines()]
    first, second = sorted(entries, key=lambda entry: entry["student"])
    assert "UTF-16" in first["explanation"]
    assert second["category"] == "syntax_error"
