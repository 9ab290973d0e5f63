"""Tables for other systems: their columns, odd names, formulas, lateness."""

import csv
import io

import pytest

from autograder.delivery import exports, results
from autograder.delivery.policy import Policy

POOLING = "u05_convolution/pooling"
ODD = ["=1+1", 'O\'Neil, "Ann"', "-2+3", "@SUM(A1)", "+49 170", "名前", "a;b\nc", "\tx"]


@pytest.fixture
def graded(tmp_path, invented):
    entries = [invented.entry(student) for student in ODD]
    entries += [
        invented.entry(student, POOLING, [invented.outcome()] * 3)
        for student in ("ada@example.org", "Lena Müller")
    ]
    entries.append(invented.entry("Lena Müller"))
    return results.read(invented.write(tmp_path / "results.jsonl", *entries))


def rows(exported):
    return list(csv.reader(io.StringIO(exported.text, newline="")))


@pytest.mark.parametrize("kind", exports.KINDS)
def test_no_cell_can_be_executed_and_no_name_is_lost(kind, graded):
    found = rows(exports.export(kind, graded, Policy()))
    cells = [cell for row in found for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert len({len(row) for row in found}) == 1
    for name in ODD:
        assert {name, f"'{name}"} & set(cells), name


def test_canvas_has_its_columns_and_the_row_of_possible_points(graded):
    header, possible, *people = rows(exports.export("canvas", graded, Policy()))
    assert header == [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", "u05_convolution",
    ]  # fmt: skip
    assert possible == ["    Points Possible", "", "", "", "", "10.0"]
    assert ["Lena Müller", "", "", "Lena Müller", "", "8.0"] in people


def test_canvas_takes_names_numbers_and_columns_from_its_own_export(graded, tmp_path):
    roster = tmp_path / "canvas.csv"
    roster.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,u05 (4711),Final Score\n"
        "    Points Possible,,,,,10,(read only)\n"
        '"Muller, Lena",77,s1,lm12,A,,\n'
        "Ada,78,s2,ada@example.org,A,,\n"
        "Nobody,79,s3,nn,A,,\n",
        encoding="utf-8-sig",
    )
    exported = exports.export("canvas", graded, Policy(), roster)
    header, _, *people = rows(exported)
    assert header[5:] == ["u05 (4711)"]
    assert people == [
        ["Muller, Lena", "77", "s1", "lm12", "A", "8.0"],
        ["Ada", "78", "s2", "ada@example.org", "A", "6.0"],
        ["Nobody", "79", "s3", "nn", "A", ""],
    ]
    assert sum("not on the roster" in note for note in exported.notes) == len(ODD)


def test_two_on_the_roster_with_one_name_are_not_guessed_between(graded, tmp_path):
    roster = tmp_path / "canvas.csv"
    twice = '"Müller, Lena",{},,{},\n'
    people = twice.format(1, "a") + twice.format(2, "b")
    roster.write_text("Student,ID,SIS User ID,SIS Login ID,Section\n" + people)
    exported = exports.export("canvas", graded, Policy(), roster)
    assert all(row[-1] == "" for row in rows(exported)[2:])
    assert any("more than once" in note for note in exported.notes)


def test_moodle_has_grade_and_feedback_side_by_side(graded, tmp_path):
    roster = tmp_path / "moodle.csv"
    roster.write_text(
        "First name,Last name,ID number,Institution,Email address\n"
        "Lena,Müller,17,Uni,lena@example.org\n"
    )
    exported = exports.export("moodle", graded, Policy(), roster)
    header, lena = rows(exported)
    assert header[-2:] == ["u05_convolution (Real)", "u05_convolution (Feedback)"]
    assert lena == [
        "Lena", "Müller", "17", "lena@example.org", "8.0",
        "conv2d: 2 of 4; pooling: 6 of 6",
    ]  # fmt: skip


def test_lateness_costs_points_and_is_written_down(tmp_path, invented):
    from datetime import UTC, datetime

    late = invented.entry("ada", submitted_at="2026-11-04T11:00:00+00:00", points=4.0)
    unknown = invented.entry("bob", points=4.0)
    found = results.read(invented.write(tmp_path / "r.jsonl", late, unknown))
    due = {"u05_convolution": datetime(2026, 11, 3, 12, tzinfo=UTC)}
    rules = Policy(due=due, percent_a_day=10)
    plain = exports.export("csv", found, rules)
    header, ada, bob = rows(plain)
    of = dict(zip(header, ada, strict=True))
    assert (of["points"], of["points_before_penalty"]) == ("3.6", "4.0")
    assert of["lateness"] == "1 day late"
    assert dict(zip(header, bob, strict=True))["points"] == "4.0"
    assert plain.notes == (
        "bob, u05_convolution/conv2d: time of submission unknown: no penalty applied.",
    )
    scope = rows(exports.export("gradescope", found, rules))
    assert dict(zip(*scope[:2], strict=True))["Total Lateness (H:M:S)"] == "23:00:00"


def test_a_roster_without_students_is_refused(graded, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("Name,Grade\nAda,1\n")
    with pytest.raises(exports.BadRoster, match="Student"):
        exports.export("canvas", graded, Policy(), roster)
    with pytest.raises(exports.BadRoster, match="email address"):
        exports.export("moodle", graded, Policy(), roster)
