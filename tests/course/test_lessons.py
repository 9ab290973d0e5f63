"""Lessons can't drift from the code: their Python is run, their links lead somewhere."""

import re

import pytest

from course import syllabus

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def lesson(unit, pytestconfig) -> str:
    path = pytestconfig.rootpath / "exercises" / unit.name / "README.md"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", syllabus.units(), ids=lambda u: u.name)
def test_the_code_in_a_lesson_runs_from_top_to_bottom(unit, pytestconfig):
    namespace = {"__name__": "lesson"}
    blocks = _BLOCK.findall(lesson(unit, pytestconfig))
    assert blocks, "a lesson shows code"
    for number, block in enumerate(blocks, start=1):
        exec(
            compile(block, f"{unit.name}/README.md, block {number}", "exec"), namespace
        )
    assert any("assert" in block for block in blocks), "its numbers are proved"


@pytest.mark.parametrize("unit", syllabus.units(), ids=lambda u: u.name)
def test_the_files_that_a_lesson_shows_are_there(unit, pytestconfig):
    folder = pytestconfig.rootpath / "exercises" / unit.name
    for target in _LINK.findall(lesson(unit, pytestconfig)):
        if "://" not in target:
            assert (folder / target).exists(), target


@pytest.mark.parametrize("unit", syllabus.units(), ids=lambda u: u.name)
def test_a_lesson_is_ten_to_fifteen_minutes_long(unit, pytestconfig):
    words = len(lesson(unit, pytestconfig).split())
    shortest = 500 if unit.number == "u00" else 1000
    assert shortest <= words <= 4000, f"{words} words"


@pytest.mark.parametrize("unit", syllabus.units(), ids=lambda u: u.name)
def test_a_lesson_names_every_exercise(unit, pytestconfig):
    text = lesson(unit, pytestconfig)
    for exercise in unit.exercises:
        assert any(name in text for name in (exercise.name, *exercise.names))
