"""The attack corpus against stock `nbgrader autograde`, for comparison; not part of CI.

    python bench/hostile_nbgrader.py                 all of it, some ten seconds each
    python bench/hostile_nbgrader.py patch_numpy …   these
    python bench/hostile_nbgrader.py --record        all of it, into docs/benchmarks.* too

Each attack is the solution cell of a notebook with two test cells (3 points: two compare
with Keras's layer, the second hidden) in a course of its own, graded by the stock command
in its stock configuration, the kernel's time-out at 30 s. To protect the machine, nbgrader
runs in bubblewrap, without network, with a memory limit, and what would exhaust processes
or disks is left out. Three things count against it:

forged   points for a file that does not solve the exercise
lost     nbgrader died or hung, so that a class behind it would not have been graded, or a
         right but odd solution got less than full marks
leaked   words that a sandbox keeps from being printed (`never_says`) are in the result

Attacks written for our own wire get nothing here: they count for stock nbgrader, as held.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import nbformat
from beside.records import goal_row, put_goals
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = ROOT / "tests" / "hostile"
NBGRADER = Path(sys.executable).with_name("nbgrader")
PATH = os.pathsep.join([str(NBGRADER.parent), os.environ["PATH"]])  # for its alembic
LEFT_OUT = ("fork_bomb", "thread_bomb", "fill_the_disk", "memory_elsewhere", "live_on")
SECONDS = 150  # of one attack, nbgrader's own start included
MEMORY = 12 * 2**30
POINTS = {"public": 2, "hidden": 1}

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "hostile"
c.ExecutePreprocessor.timeout = 30
"""
CHECK = """
import keras
import numpy as np

rng = np.random.default_rng()
images = rng.normal(size={shape}).astype("float32")
oracle = keras.layers.Conv2D({arguments})
oracle.build(images.shape)
layer = Conv2D({arguments})
layer.build(images.shape)
layer.set_weights(oracle.get_weights())
found = keras.ops.convert_to_numpy(layer(images))
np.testing.assert_allclose(found, keras.ops.convert_to_numpy(oracle(images)), atol=1e-4)
"""
SCORE = """
import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    print(json.dumps(book.find_submission("conv2d", "mallory").score))
"""


def cell(source: str, name: str, points: int = 0, solution: bool = False):
    """A code cell as nbgrader's schema 3 has it."""
    settings = {
        "schema_version": 3,
        "grade_id": name,
        "grade": points > 0,
        "solution": solution,
        "locked": points > 0,
        "task": False,
        "cell_type": "code",
    }
    if points:
        settings["points"] = points
    return new_code_cell(source, metadata={"nbgrader": settings})


def make_course(folder: Path) -> None:
    """A course with one assignment, released."""
    notebook = new_notebook(
        cells=[
            cell("### BEGIN SOLUTION\n### END SOLUTION", "answer", solution=True),
            cell(
                CHECK.format(shape=(2, 9, 11, 3), arguments="4, (3, 2)"),
                "public",
                POINTS["public"],
            ),
            cell(
                "### BEGIN HIDDEN TESTS"
                + CHECK.format(shape=(1, 5, 4, 3), arguments="2, 1")
                + "### END HIDDEN TESTS",
                "hidden",
                POINTS["hidden"],
            ),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
        },
    )
    source = folder / "source" / "conv2d"
    source.mkdir(parents=True)
    nbformat.write(notebook, source / "conv2d.ipynb")
    (folder / "nbgrader_config.py").write_text(CONFIG)
    done = nbgrader(folder, "generate_assignment", "conv2d", "--create")
    if done is None or done.returncode:
        sys.exit(f"nbgrader can't make the course:\n{done and done.stderr}")


def nbgrader(course: Path, *words: str) -> subprocess.CompletedProcess | None:
    """Runs the stock command in a cage of its own; None if it hangs."""
    cage = (
        "bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc "
        f"--tmpfs /tmp --bind {course} {course} --chdir {course}"
    ).split()
    environment = {
        **os.environ,
        "PATH": PATH,
        "HOME": str(course),
        "TMPDIR": str(course),
    }
    limits = ["prlimit", f"--as={MEMORY}", f"--fsize={2**28}"]
    try:
        return subprocess.run(
            [*cage, *limits, str(NBGRADER), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None


def submit(course: Path, text: str) -> None:
    """Puts `text` into the solution cell of the released notebook."""
    notebook = nbformat.read(course / "release/conv2d/conv2d.ipynb", as_version=4)
    notebook.cells[0].source = text
    folder = course / "submitted" / "mallory" / "conv2d"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "conv2d.ipynb")


def faults(attack: dict, released: Path, folder: Path) -> list[str]:
    """What stock nbgrader lets this attack do."""
    course = folder / attack["file"].removesuffix(".py")
    shutil.copytree(released, course)
    text = (HOSTILE / "submissions" / attack["file"]).read_text(encoding="utf-8")
    reference = (ROOT / "solutions/u05_convolution/conv2d.py").read_text(
        encoding="utf-8"
    )
    solves = "### THE REFERENCE" in text and attack["verdicts"] == ["passed"]
    submit(course, text.replace("### THE REFERENCE", reference))
    done = nbgrader(course, "autograde", "conv2d", "--create")
    score = score_of(course)
    found = []
    if score is None or done is None or (solves and score < sum(POINTS.values())):
        found.append("lost")
    elif not solves and score > 0:
        found.append("forged")
    result = course / "autograded" / "mallory" / "conv2d" / "conv2d.ipynb"
    printed = outputs_of(result) if result.exists() else ""
    if any(word in printed for word in attack.get("never_says", [])):
        found.append("leaked")
    shutil.rmtree(course, ignore_errors=True)
    return found


def score_of(course: Path) -> float | None:
    """The recorded score; None if there is none."""
    done = subprocess.run(
        [sys.executable, "-c", SCORE],
        cwd=course,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def outputs_of(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    return json.dumps([c.outputs for c in notebook.cells if c.cell_type == "code"])


def chosen(names: list[str]) -> list[dict]:
    attacks = tomllib.loads((HOSTILE / "attacks.toml").read_text())["attack"]
    return [
        attack
        for attack in attacks
        if (name := attack["file"].removesuffix(".py")) not in LEFT_OUT
        and "exercise" not in attack
        and "unreadable" not in attack
        and (not names or name in names)
    ]


def record(counts: dict[str, int], broken: int, run: int) -> None:
    """Into docs/benchmarks.*: what the same files do to stock nbgrader."""
    everything = len(tomllib.loads((HOSTILE / "attacks.toml").read_text())["attack"])
    rows = [
        goal_row(f"of {everything} attacks, run against stock nbgrader", [run], ""),
        goal_row("get through", [broken], ""),
        goal_row("forge points", [counts["forged"]], ""),
        goal_row("lose work or the batch", [counts["lost"]], ""),
        goal_row("leak", [counts["leaked"]], ""),
    ]
    command = f"python {Path(__file__).relative_to(ROOT)} --record"
    title = "The attack corpus against stock nbgrader (ours: none, in `make test`)"
    put_goals("hostile", title, command, rows, part=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", help="names of attacks; all if none")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks.*")
    options = parser.parse_args()
    if options.record and options.attacks:
        parser.error("--record is for all attacks.")
    if shutil.which("bwrap") is None:
        sys.exit("bubblewrap is needed: these files are not let loose without it.")
    console, table = Console(), Table(title="Stock nbgrader, stock configuration")
    table.add_column("attack")
    table.add_column("what it does")
    attacks, counts = (
        chosen(options.attacks),
        dict.fromkeys(("forged", "lost", "leaked"), 0),
    )
    broken = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        released = Path(temporary) / "course"
        released.mkdir()
        make_course(released)
        for attack in attacks:
            found = faults(attack, released, Path(temporary))
            broken += bool(found)
            for fault in found:
                counts[fault] += 1
            row = (attack["file"], ", ".join(found) or "nothing")
            console.print(*row, style="dim", soft_wrap=True)
            table.add_row(*row)
    console.print(table)
    console.print(
        f"{broken} of {len(attacks)} attacks get through: {counts['forged']} forge points, "
        f"{counts['lost']} lose work or the batch, {counts['leaked']} leak or reach out."
    )
    if options.record:
        record(counts, broken, len(attacks))


if __name__ == "__main__":
    main()
