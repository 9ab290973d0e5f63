"""The grading processes of `nbgrader autograde`, without nbgrader."""

import types

import pytest

from course import syllabus

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

from autograder.delivery.nbgrader_plugins import bench
from autograder.delivery.seat import CannotGrade

(CONV2D,) = syllabus.find("conv2d")
SETTINGS = types.SimpleNamespace(backend="torch", isolation="none", seconds=1.0)


def benched(monkeypatch, folder, able):
    """A bench whose seats start or don't, as `able` says of each."""
    answers = iter(able)

    def seat(how):
        starts = next(answers)

        def judge(task):
            if not starts:
                raise CannotGrade("No memory.")
            return {"exercise": task["exercise"], "data": task["data"]}

        return types.SimpleNamespace(judge=judge, close=lambda: None)

    monkeypatch.setattr(bench, "Seat", seat)
    monkeypatch.setattr(bench, "cores", lambda: len(able))
    return bench.Bench(SETTINGS, folder, [])


def test_a_seat_that_cannot_start_leaves_its_work_to_the_others(monkeypatch, tmp_path):
    made = benched(monkeypatch, tmp_path, [False, True, False])
    for number in range(20):
        entry = made.judge(tmp_path / "a.ipynb", CONV2D, f"x = {number}", "")
        assert bytes.fromhex(entry["data"]) == f"x = {number}\n".encode()


def test_where_none_starts_every_answer_says_why(monkeypatch, tmp_path):
    made = benched(monkeypatch, tmp_path, [False, False])
    for number in range(3):
        with pytest.raises(CannotGrade, match="No memory"):
            made.judge(tmp_path / "a.ipynb", CONV2D, f"x = {number}", "")
