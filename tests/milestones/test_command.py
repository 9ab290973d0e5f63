"""`layerwise milestone`: what it refuses, and what it leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course import data

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path):
    """The course, but that results are written elsewhere."""
    for name in ("course", "exercises", "solutions"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def milestone(project):
    """Runs the command; its exit code, what it printed, what it complained of."""

    def run(*words):
        command = "from course.cli.main import run; run()"
        done = subprocess.run(
            [sys.executable, "-c", command, "milestone", *words],
            cwd=project,
            env={
                **os.environ,
                "LAYERWISE_PROJECT": str(project),
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["u05"], "u05 has no milestone"),
        (["u99"], "no unit called u99"),
        (["u03", "--parts", "mine"], "LAYERWISE_PARTS is 'mine'"),
        (["u03", "--data", "cifar10"], "u03 has no milestone on cifar10"),
        (["u01", "--data", "iris"], "no --data"),
    ],
)
def test_what_can_not_be_measured_is_one_line(milestone, words, said):
    code, _, complaint = milestone(*words)
    assert code == 1
    assert said in complaint and complaint.count("\n") == 1


@pytest.mark.trains
def test_a_milestone_is_written_into_the_page_with_its_picture(milestone, project):
    code, said, complaint = milestone(
        *"u03 --data iris --parts keras --out kept".split()
    )
    assert code == 0, complaint
    assert "epoch 40/40" in said and "reached" in said
    page = (project / "docs/results.md").read_text(encoding="utf-8")
    (line,) = (row for row in page.splitlines() if row.startswith("| u03"))
    flowers = len(data.load("iris").x_train)
    assert f"| FCNN | iris | {flowers} | 40 |" in line and "| keras |" in line
    (picture,) = (project / "docs/results").glob("*.png")
    assert f"(results/{picture.name})" in line
    assert (project / "kept/u03/FCNN-iris/log.csv").exists()
