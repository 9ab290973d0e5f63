"""`nbgrader autograde`, ours and stock, on the same ten submissions of Conv2D.

    python bench/nbgrader_autograde.py [--count 10] [--backend torch] [--record]

Both courses hold the same two cells: the solution's and the one of its checks.
Ours judges the text in the sandbox, each submission's known mistake named. Stock nbgrader
runs the notebook in a kernel of its own; its test cell runs the very same checks there, in
the quickest way there is (in the kernel's process, unprotected, nothing explained), and
ends with the points. Seconds are those of the whole command, divided by the submissions.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from beside.records import goal_row, put_goals
from class_grading import EXERCISE, ROOT, write_class
from rich.console import Console
from rich.table import Table

from autograder.delivery.notebooks import checks_id, grade_id_of, solution_id

BIN = Path(sys.executable).parent
UNIT = EXERCISE.unit
GOALS = {"torch": 20, "tensorflow": 10}
STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.ExecutePreprocessor.timeout = 120
"""
STOCK_CHECKS = f"""
from pathlib import Path
from autograder.grading.engine import Engine
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess
from course import syllabus

(exercise,) = syllabus.find("{EXERCISE.id}")
submission = Submission(exercise, In[1], "conv2d.py")
engine = Engine(Path("{ROOT}"), secret=b"stock")
engine.judge(submission, InThisProcess(), explain=False).points
"""


def run(folder: Path, *words: object, backend: str) -> None:
    """A command in the course folder; its words are shown if it fails."""
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",  # nbgrader calls alembic
        "PYTHONPATH": str(ROOT),
        "KERAS_BACKEND": backend,
        "LAYERWISE_PARTS": "keras",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stdout}{done.stderr}")


def make_course(folder: Path, backend: str, stock: bool) -> None:
    """A released course whose one notebook holds Conv2D and its checks."""
    layerwise = BIN / "layerwise"
    run(
        ROOT,
        layerwise,
        "release",
        "nbgrader",
        folder,
        "--units",
        "u05",
        backend=backend,
    )
    path = folder / "source" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(path, 4)
    kept = (solution_id(EXERCISE), checks_id(EXERCISE))
    notebook.cells = [cell for cell in notebook.cells if grade_id_of(cell) in kept]
    if stock:
        notebook.cells[1].source = STOCK_CHECKS.strip()
        (folder / "nbgrader_config.py").write_text(STOCK_CONFIG)
    nbformat.write(notebook, path)
    run(folder, BIN / "nbgrader", "generate_assignment", UNIT, backend=backend)


def submit(folder: Path, texts: list[str]) -> None:
    """Puts each text into the solution cell of a copy of the released notebook."""
    released = folder / "release" / UNIT / f"{UNIT}.ipynb"
    for number, text in enumerate(texts):
        notebook = nbformat.read(released, 4)
        notebook.cells[0].source = text
        path = folder / "submitted" / f"student{number}" / UNIT / released.name
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def seconds(texts: list[str], backend: str, stock: bool) -> float:
    """Of `nbgrader autograde`, per submission."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "course"
        make_course(folder, backend, stock)
        submit(folder, texts)
        started = time.perf_counter()
        run(folder, BIN / "nbgrader", "autograde", UNIT, "--create", backend=backend)
        return (time.perf_counter() - started) / len(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="submissions")
    parser.add_argument("--backend", choices=list(GOALS), help="only this one")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks.*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_class(Path(name), options.count)
        files = sorted(Path(name).rglob("*.py"))
        texts = [path.read_text(encoding="utf-8") for path in files]
    table = Table(title=f"nbgrader autograde, {len(texts)} submissions of conv2d")
    for title in ("backend", "ours, s each", "stock, s each", "ratio", "goal"):
        table.add_column(title, justify="right")
    rows = []
    for backend in [options.backend] if options.backend else GOALS:
        ours, stock = (seconds(texts, backend, stock) for stock in (False, True))
        ratio, goal = f"{stock / ours:.1f}", f"≥ {GOALS[backend]}"
        table.add_row(backend, f"{ours:.2f}", f"{stock:.2f}", ratio, goal)
        rows += [
            goal_row(f"ours, a submission, {backend}", [ours], "s"),
            goal_row(f"stock nbgrader, a submission, {backend}", [stock], "s"),
            goal_row(
                f"stock / ours, {backend}",
                [stock / ours],
                "",
                GOALS[backend],
                more_is_better=True,
            ),
        ]
    Console().print(table)
    if options.record:
        title = f"nbgrader autograde, {len(texts)} submissions of conv2d"
        command = f"python {Path(__file__).relative_to(ROOT)} --record"
        put_goals("nbgrader", title, command, rows, bool(options.backend))


if __name__ == "__main__":
    main()
