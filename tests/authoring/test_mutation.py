"""Mutants, and the page of those that survive."""

import ast
import json

import pytest

from autograder.authoring import mutation, mutation_page
from autograder.authoring.mutation import Mutant, Tally
from autograder.grading.transport import InThisProcess
from course import syllabus

pytest.importorskip("cosmic_ray", reason="the extra `mutation` is not installed")

SOURCE = """
def given(a):
    return a + 1

### BEGIN SOLUTION the area
SIDES = 4

@twice
def area(width, height):
    for _ in range(3):
        if not width < height:
            return width * height
    return -1
### END SOLUTION
"""


def test_each_mutant_is_another_program_changed_in_one_line_of_the_solution():
    found = list(mutation.mutants(SOURCE))
    changes = {(mutant.was, mutant.becomes) for mutant in found}
    assert ("return width * height", "return width / height") in changes
    assert ("if not width < height:", "if not width <= height:") in changes
    assert ("@twice", "") in changes
    assert "return a + 1" not in {mutant.was for mutant in found}
    programs = {ast.dump(ast.parse(mutant.source)) for mutant in found}
    assert len(programs) == len(found) > 8
    assert ast.dump(ast.parse(SOURCE)) not in programs
    for mutant in found:
        assert SOURCE.splitlines()[mutant.line - 1].strip() == mutant.was


def test_checks_catch_mutants_and_what_they_let_through_is_told(pytestconfig):
    (puzzles,) = syllabus.find("u00/puzzles")
    trial = mutation.Mutation(pytestconfig.rootpath, InThisProcess())
    source = (pytestconfig.rootpath / "solutions" / puzzles.path).read_text()
    wrong = source.replace("axis=-1", "axis=0", 1)
    assert wrong != source and trial._caught(puzzles, wrong)
    assert not trial._caught(puzzles, f"{source}\n# the same\n")


def test_the_page_counts_what_is_equivalent_apart(tmp_path):
    (dense,) = syllabus.find("u03/dense")
    survivors = [
        Mutant("AddNot", 3, "if a:", "if not a:", ""),
        Mutant("NumberReplacer", 4, "b = 1", "b = 2", ""),
    ]
    judged = tmp_path / mutation.JUDGED
    judged.parent.mkdir(parents=True)
    judged.write_text(
        '[["u03_layers/dense"]]\nwas = "if a:"\nbecomes = "if not a:"\n'
        'equivalent = true\nreason = "Nobody asks for a."\n'
    )
    (tmp_path / "docs").mkdir()
    page = mutation_page.write(tmp_path, [Tally(dense, 11, survivors)], "torch")
    text = page.read_text()
    assert "| u03_layers/dense on torch | 11 | 1 | 9 | 1 | 90.0% (goal 95%) |" in text
    assert "equivalent: Nobody asks for a." in text
    assert "`b = 1` → `b = 2`\n  not looked at yet" in text
    mutation_page.write(tmp_path, [Tally(dense, 11, [])], "torch")
    assert "100.0%" in page.read_text() and "AddNot" not in page.read_text()


def test_what_is_said_of_survivors_is_about_lines_that_are_there(pytestconfig):
    root = pytestconfig.rootpath
    for name, entries in mutation.judged(root).items():
        (exercise,) = syllabus.find(name)
        lines = (root / "solutions" / exercise.path).read_text().splitlines()
        known = {line.strip() for line in lines}
        for was, becomes in entries:
            assert was in known and was != becomes, (name, was)
            assert entries[was, becomes]["reason"].endswith(".")


def test_the_page_is_what_its_data_gives(pytestconfig, tmp_path):
    root = pytestconfig.rootpath
    rows = json.loads((root / mutation_page.DATA).read_text())
    assert all(row["mutants"] >= len(row["survivors"]) for row in rows.values())
    for folder in ("docs", "autograder/authoring"):
        (tmp_path / folder).mkdir(parents=True)
    for path in (mutation_page.DATA, mutation.JUDGED):
        (tmp_path / path).write_bytes((root / path).read_bytes())
    page = mutation_page.write(tmp_path, [], "torch")
    assert page.read_text() == (root / mutation_page.PAGE).read_text()
