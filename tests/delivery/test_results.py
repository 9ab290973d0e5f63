"""Reading what `layerwise grade` has written."""

import pytest

from autograder.delivery import results
from autograder.grading.records import BadRecord

POOLING = "u05_convolution/pooling"


def read(tmp_path, invented, *entries):
    return results.read(invented.write(tmp_path / "results.jsonl", *entries))


def test_of_a_regrade_the_last_line_counts(tmp_path, invented):
    before, after = invented.entry("ada"), invented.entry("ada", points=4.0)
    (graded,) = read(tmp_path, invented, before, after)
    assert graded.points == 4


def test_right_on_one_backend_only_counts_as_on_the_other(tmp_path, invented):
    good = invented.entry("ada", points=4.0)
    bad = invented.entry("ada", points=1.0, backend="tensorflow")
    (graded,) = read(tmp_path, invented, bad, good)
    assert (graded.points, graded.backend) == (1, "tensorflow")


@pytest.mark.parametrize(
    "path, student",
    [("class/ada/conv2d.py", "ada"), ("class/ada/u05_convolution/conv2d.py", "ada")],
)
def test_an_older_line_is_of_the_student_whose_folder_it_names(
    path, student, tmp_path, invented
):
    line = invented.entry("", filename=path)
    del line["student"], line["path"]
    (graded,) = read(tmp_path, invented, line)
    assert graded.student == student


def test_a_time_without_a_zone_is_no_time(tmp_path, invented):
    line = invented.entry("ada", submitted_at="2026-11-02T23:00:00")
    (graded,) = read(tmp_path, invented, line)
    assert graded.submitted_at is None


def test_a_source_with_odd_line_ends_is_one_line(tmp_path, invented):
    odd = "x = '\u2028\x85'\n"
    (graded,) = read(tmp_path, invented, invented.entry("ada", source=odd))
    assert graded.source == odd


def test_results_come_in_the_order_of_the_syllabus(tmp_path, invented):
    entries = [invented.entry("b", POOLING), invented.entry("b"), invented.entry("a")]
    found = read(tmp_path, invented, *entries)
    assert [(g.name, g.student) for g in found] == [
        ("conv2d", "a"), ("conv2d", "b"), ("pooling", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"seeds": 1, "source": ""}'])
def test_what_is_no_result_is_named_by_its_line(line, tmp_path, invented):
    path = invented.write(tmp_path / "results.jsonl", invented.entry("ada"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(BadRecord, match="line 2"):
        results.read(path)
