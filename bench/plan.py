"""How long a class of 100,000 takes on how many workers.

    python bench/plan.py RECORDS             with the times of a class that was graded
    python bench/plan.py RECORDS --record    writes docs/benchmarks.* too

Draws each submission's time from recorded ones, hands submissions to workers in order
as they become free, adds what each worker needs to start, and lets workers die now and
then as on a cluster that takes machines back. A simulation: no submission is judged.
"""

import argparse
import heapq
import json
import random
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beside.records import goal_row, goals_table, put_goals
from rich.console import Console

WORKERS = (1, 2, 8, 32, 128, 512)


def recorded(path: Path) -> list[float]:
    """Seconds a submission, from the records that `layerwise grade` has written."""
    lines = path.read_text(encoding="utf-8").split("\n")
    entries = [json.loads(line) for line in lines if line]
    return [entry["seconds"] for entry in entries if entry.get("seconds")]


def simulated(
    times: list[float], count: int, workers: int, start: float, lives: float, seed: int
) -> tuple[float, int]:
    """Seconds until all are judged, and how often a worker was lost.

    Args:
        times: Recorded seconds to draw from.
        count: Submissions.
        workers: Workers at work at once.
        start: Seconds that a worker takes to start.
        lives: Seconds that a worker lives on average.
        seed: Of the draw.
    """
    draw = random.Random(seed)
    free = [(start, draw.expovariate(1 / lives)) for _ in range(workers)]
    heapq.heapify(free)
    losses, end = 0, 0.0
    waiting = count
    while waiting:
        now, death = heapq.heappop(free)
        done = now + draw.choice(times)
        if done > death:  # what it was judging is judged again by another
            losses += 1
            again = death + start
            heapq.heappush(free, (again, again + draw.expovariate(1 / lives)))
            continue
        waiting -= 1
        end = max(end, done)
        heapq.heappush(free, (done, death))
    return end, losses


@dataclass(frozen=True)
class Planned:
    """What so many workers come to.

    Attributes:
        workers: Workers at work at once, one core each.
        hours: Until all are judged.
        busy: The share of the workers' time in which they judge what counts.
        lost: How often a worker was lost.
    """

    workers: int
    hours: float
    busy: float
    lost: int


def planned(
    times: list[float], count: int, start: float, lives: float
) -> list[Planned]:
    """The same class on more and more workers; arguments as in `simulated`."""
    found = []
    for workers in WORKERS:
        seconds, lost = simulated(times, count, workers, start, lives, seed=1)
        busy = count * statistics.mean(times) / (workers * seconds)
        found.append(Planned(workers, seconds / 3600, busy, lost))
    return found


def rows(plans: list[Planned]) -> list[dict[str, Any]]:
    """As `beside.records` takes them."""
    return [
        goal_row(
            f"{plan.workers} {'worker' if plan.workers == 1 else 'workers'} of one core, "
            f"{plan.busy:.0%} busy, {plan.lost} lost on the way",
            [plan.hours],
            "h",
        )
        for plan in plans
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=float, default=30, help="seconds of a worker's")
    parser.add_argument("--hours", type=float, default=12, help="that a worker lives")
    parser.add_argument(
        "--record", action="store_true", help="write docs/benchmarks.* too"
    )
    options = parser.parse_args()
    times = recorded(options.records)
    if not times:
        parser.error(f"{options.records} holds no times")
    found = rows(planned(times, options.count, options.start, options.hours * 3600))
    title = (
        f"{options.count:,} submissions on a cluster, simulated from {len(times)} "
        f"recorded ones of {statistics.mean(times):.2f} s ({min(times):.2f} – "
        f"{max(times):.2f} s)"
    )
    Console().print(goals_table(title, found))
    if options.record:
        put_goals(
            "plan",
            title,
            f"python bench/plan.py {options.records} --record",
            found,
            False,
        )


if __name__ == "__main__":
    main()
