"""Hint ladders are read from hints.md."""

from course import syllabus
from course.hints import ladder

CONV2D = syllabus.find("conv2d")[0]


def write(root, text):
    folder = root / "exercises" / CONV2D.unit
    folder.mkdir(parents=True)
    (folder / "hints.md").write_text(text, encoding="utf-8")


def test_steps_come_in_order_and_in_one_line(tmp_path):
    write(
        tmp_path,
        "# Hints\n\n## conv2d\n\n1. One\n   line.\n2. Two.\n\n## pooling\n1. No.\n",
    )
    assert ladder(CONV2D, tmp_path) == ["One line.", "Two."]


def test_another_exercise_whose_name_begins_alike_is_not_meant(tmp_path):
    write(tmp_path, "## conv2d_transpose\n\n1. No.\n")
    assert ladder(CONV2D, tmp_path) == []


def test_no_file_is_no_ladder(tmp_path):
    assert ladder(CONV2D, tmp_path) == []


def test_every_exercise_has_a_ladder_of_three_to_five_steps(pytestconfig):
    for exercise in syllabus.exercises():
        steps = ladder(exercise, pytestconfig.rootpath)
        assert 3 <= len(steps) <= 5, exercise.id
