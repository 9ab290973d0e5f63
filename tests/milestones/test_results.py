"""docs/results.md: written by the program, each result in the place of the last."""

import math

import pytest

from course.milestones import results

RESULT = results.Result(
    unit="u03",
    what="FCNN",
    data="digits",
    examples=1437,
    goal=0.96,
    accuracy=0.975,
    losses=(1.234, 0.5, 0.0678),
    seconds=12.3,
    seed=0,
    parts="solutions",
    picture=None,
)


def lines(docs):
    page = (docs / "results.md").read_text(encoding="utf-8")
    return [line for line in page.splitlines() if line.startswith("| u0")]


def test_a_result_is_a_line_with_all_that_was_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    picture = tmp_path / "drawn.png"
    picture.write_bytes(b"a picture")
    page = results.write(tmp_path, [RESULT._replace(picture=picture)], "torch")
    assert page == tmp_path / "results.md"
    (line,) = lines(tmp_path)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    kept = "results/u03_FCNN_digits_solutions_torch.png"
    assert cells == [
        *("u03", "FCNN", "digits", "1,437", "3", "1.23 → 0.0678", "96.0%", "97.50%"),
        *("solutions", "0", "torch", "7", "12", f"[picture]({kept})"),
    ]
    assert (tmp_path / kept).read_bytes() == b"a picture"
    heading = page.read_text(encoding="utf-8").partition("| u0")[0]
    assert {row.count("|") for row in heading.splitlines() if "|" in row} == {15}


def test_a_later_result_replaces_its_own_line_only(tmp_path):
    results.write(tmp_path, [RESULT, RESULT._replace(data="iris")], "torch")
    results.write(tmp_path, [RESULT], "tensorflow")
    results.write(tmp_path, [RESULT._replace(accuracy=0.5)], "torch")
    assert len(lines(tmp_path)) == 3
    (line,) = (row for row in lines(tmp_path) if "digits" in row and "torch" in row)
    assert "50.00% (missed)" in line
    assert sum("missed" in row for row in lines(tmp_path)) == 1


@pytest.mark.parametrize(
    ("losses", "reached"),
    [
        ((4.6, 4.1, 3.9), True),
        ((4.6, 4.1, 4.1), False),
        ((4.6, 3.9, 4.1), False),
        ((4.6, math.nan), False),
        ((math.inf, 4.6, math.nan), False),
        ((4.6,), False),
        ((), False),
    ],
)
def test_a_falling_loss_falls_in_every_epoch(tmp_path, losses, reached):
    result = RESULT._replace(goal=None, accuracy=0.0, losses=losses)
    assert result.reached is reached
    results.write(tmp_path, [result], "torch")
    (line,) = lines(tmp_path)
    assert ("(missed)" in line) is not reached
    assert "| falls |" in line
