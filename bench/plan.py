"""How long a class of 100,000 takes on how many workers: `python bench/plan.py RECORDS`.

Draws each submission's time from recorded ones, hands submissions to workers in order
as they become free, adds what each worker needs to start, and lets workers die now and
then as on a cluster that takes machines back. A simulation: no submission is judged.
"""

import argparse
import heapq
import json
import random
from pathlib import Path

from rich.console import Console
from rich.table import Table


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=float, default=30, help="seconds of a worker's")
    parser.add_argument("--hours", type=float, default=12, help="that a worker lives")
    options = parser.parse_args()
    times = recorded(options.records)
    if not times:
        parser.error(f"{options.records} holds no times")
    mean = sum(times) / len(times)
    table = Table(
        title=f"{options.count:,} submissions at {mean:.2f} s "
        f"({min(times):.2f} – {max(times):.2f} s, {len(times)} recorded)"
    )
    for title in (
        "workers (one core each)",
        "hours",
        "a second",
        "busy",
        "lost, redone",
    ):
        table.add_column(title, justify="right")
    for workers in (1, 2, 8, 32, 128, 512):
        seconds, losses = simulated(
            times, options.count, workers, options.start, options.hours * 3600, 1
        )
        busy = options.count * mean / (workers * seconds)
        table.add_row(
            str(workers),
            f"{seconds / 3600:.2f}",
            f"{options.count / seconds:.1f}",
            f"{busy:.0%}",
            str(losses),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
