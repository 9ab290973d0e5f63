"""How fast a class is graded, and with how much memory.

    python bench/class_grading.py            300 × conv2d on both backends; 10 to 1,000
    python bench/class_grading.py --quick    30 × conv2d; 10 to 60
    python bench/class_grading.py --record   writes docs/benchmarks.* too

Submissions are right in several styles or have one of the known mistakes, one of each in
turn, each text different. Grading runs as the command does, with all checks, isolated.
Measure on a quiet machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from beside.records import goal_row, put_goals
from rich.console import Console
from rich.table import Table

from autograder.grading import isolation, mistakes
from course import syllabus

ROOT = Path(__file__).resolve().parents[1]
LAYERWISE = Path(sys.executable).with_name("layerwise")
(EXERCISE,) = syllabus.find("conv2d")
GOALS = {"torch": 4.0, "tensorflow": 2.0}


def write_class(folder: Path, count: int) -> None:
    """A folder a student; half of them right."""
    reference = (ROOT / "solutions" / EXERCISE.path).read_text(encoding="utf-8")
    styles = sorted((ROOT / "tests/alternatives" / EXERCISE.unit).glob("conv2d__*.py"))
    right = [reference, *(path.read_text(encoding="utf-8") for path in styles)]
    wrong = [m.applied_to(reference) for m in mistakes.load(EXERCISE, ROOT)]
    for number in range(count):
        kind = wrong if number % 2 else right
        source = kind[number // 2 % len(kind)]
        path = folder / f"student{number:04}" / EXERCISE.path.name
        path.parent.mkdir(parents=True)
        path.write_text(f"{source}\n# {number}\n", encoding="utf-8")


def graded(backend: str, count: int, jobs: int) -> dict[str, float]:
    """Grades a class; the rate without the start, and the graders' memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_class(folder / "in", count)
        records = folder / "records.jsonl"
        command = [LAYERWISE, "grade", folder / "in", "--records", records]
        command += ["--jobs", str(jobs), "--backend", backend, "--gradebook", "none"]
        if not isolation.possible().isolated:
            command += ["--isolation", "none"]
        process = psutil.Popen(
            [str(word) for word in command], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        seen: list[tuple[float, int]] = []
        memory: list[tuple[int, float]] = []
        while process.poll() is None:
            lines = records.read_bytes().count(b"\n") if records.exists() else 0
            if lines and (not seen or lines > seen[-1][1]):
                seen.append((time.perf_counter(), lines))
                memory.append((lines, _memory(process)))
            time.sleep(0.1)
        if process.returncode:
            raise RuntimeError("layerwise grade failed")
        entries = [json.loads(line) for line in records.read_text().splitlines()]
        assert len(entries) == count
        (begin, first), (end, last) = seen[0], seen[-1]
        # From when all grading processes work to when the first runs out of work.
        settled = [size for lines, size in memory if 0.1 <= lines / count <= 0.9]
        return {
            "rate": (last - first) / (end - begin),
            "seconds": end - begin,
            "memory": max(settled) / 2**20,
            "growth": settled[-1] / settled[0] - 1,
        }


def _memory(process: psutil.Process) -> float:
    """Of the writer and the grading processes; templates and workers come and go."""
    total = process.memory_info().rss
    for child in process.children():
        try:
            total += child.memory_info().rss
        except psutil.Error:
            continue  # it has just ended
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller classes")
    parser.add_argument("--backend", choices=list(GOALS), help="only this one")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks.*")
    options = parser.parse_args()
    if options.record and options.quick:
        parser.error("--quick grades too few to be recorded.")
    jobs = len(os.sched_getaffinity(0))
    size, series = (30, (10, 30, 60)) if options.quick else (300, (10, 100, 300, 1000))
    table = Table(
        title=f"Grading conv2d, all checks, {jobs} jobs on {os.cpu_count()} cores"
    )
    for title in ("backend", "class", "a second", "goal", "graders' MiB", "growth"):
        table.add_column(title, justify="right")
    rows = []
    for backend in [options.backend] if options.backend else GOALS:
        for count in sorted({*series, size}):
            found = graded(backend, count, jobs)
            goal = f"≥ {GOALS[backend]:g}" if count == size else ""
            what = f"{count} submissions, {jobs} jobs, {backend}"
            rows.append(
                goal_row(
                    f"{what}: graded a second",
                    [found["rate"]],
                    "/s",
                    GOALS[backend] if count == size else None,
                    more_is_better=True,
                )
            )
            rows.append(goal_row(f"{what}: memory", [found["memory"]], "MiB"))
            growth, flat = abs(found["growth"]) * 100, 10 if count >= 100 else None
            rows.append(
                goal_row(f"{what}: memory's change on the way", [growth], "%", flat)
            )
            table.add_row(
                backend,
                str(count),
                f"{found['rate']:.2f}",
                goal,
                f"{found['memory']:.0f}",
                f"{found['growth']:+.1%}",
            )
    Console().print(table)
    if options.record:
        command = f"python {Path(__file__).relative_to(ROOT)} --record"
        part = bool(options.backend)
        put_goals("class", "Grading a class, all checks of conv2d", command, rows, part)


if __name__ == "__main__":
    main()
