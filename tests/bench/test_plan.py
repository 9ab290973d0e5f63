"""The program that plans a class of 100,000: what it simulates, and what it writes."""

import json
import math
import statistics
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

import plan  # noqa: E402
from beside import records  # noqa: E402

NEVER = 1e12  # seconds that a worker lives which is not lost


@pytest.fixture
def graded(tmp_path):
    """Records of a small class, one of which was never judged."""
    times = [0.5, 1.5, 1.0, None, 3.0]
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps({"seconds": time}) + "\n" for time in times))
    return path


def test_times_are_those_of_the_records_that_have_one(graded):
    assert plan.recorded(graded) == [0.5, 1.5, 1.0, 3.0]


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 20])
def test_workers_that_are_never_lost_share_the_work_evenly(workers):
    seconds, lost = plan.simulated([2.0], 10, workers, 5.0, NEVER, seed=0)
    assert seconds == pytest.approx(5 + 2 * math.ceil(10 / workers))
    assert lost == 0


def test_what_a_lost_worker_was_at_is_done_again():
    undisturbed, _ = plan.simulated([2.0], 400, 4, 5.0, NEVER, seed=0)
    seconds, lost = plan.simulated([2.0], 400, 4, 5.0, 50.0, seed=0)
    assert lost > 5
    # Each loss costs a start and at most one submission, spread over the workers; in
    # the end some may have nothing left to do.
    least, most = undisturbed + lost * 5 / 4, undisturbed + lost * 7 / 4
    assert least - 9 <= seconds <= most + 9


def test_more_workers_are_faster_and_none_is_busy_all_the_time():
    times = [0.5, 1.5, 1.0, 3.0]
    found = plan.planned(times, 2000, 30, 3600)
    hours = [each.hours for each in found]
    assert [each.workers for each in found] == list(plan.WORKERS)
    assert hours == sorted(hours, reverse=True) and len(set(hours)) == len(hours)
    assert all(0 < each.busy < 1.05 for each in found)  # the draw's mean may differ
    assert found[0].busy > 0.9 > 0.2 > found[-1].busy  # 512 do little but start
    alone = 2000 * statistics.mean(times) / 3600
    assert found[0].hours == pytest.approx(alone, rel=0.1)


def test_the_command_shows_the_plan_and_records_it(
    graded, tmp_path, monkeypatch, capsys
):
    put = records.put
    monkeypatch.setattr(
        records, "put", lambda name, found, part: put(name, found, tmp_path, part)
    )
    words = ["plan.py", str(graded), "--count", "1000", "--record"]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setenv("COLUMNS", "200")
    plan.main()
    shown = capsys.readouterr().out
    written = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    rows = records.read(tmp_path)["grading/plan"]["rows"]
    assert len(rows) == len(plan.WORKERS)
    for row in rows:
        assert f"| {row['what']} | {row['value']:.3g} h |" in written
        assert f"{row['value']:.3g} h" in shown
    assert "### 1,000 submissions on a cluster, simulated from 4 recorded" in written
    assert f"python bench/plan.py {graded} --record" in written


def test_records_without_times_are_refused(tmp_path, monkeypatch, capsys):
    path = tmp_path / "records.jsonl"
    path.write_text('{"seconds": null}\n')
    monkeypatch.setattr(sys, "argv", ["plan.py", str(path)])
    with pytest.raises(SystemExit):
        plan.main()
    assert "holds no times" in capsys.readouterr().err
