"""The same on a real Dask scheduler with two worker processes, one of them killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import distributed
import pytest

from autograder.delivery import batch, cluster
from autograder.delivery.cluster import on_cluster
from autograder.delivery.collecting import Handed
from autograder.delivery.seat import CannotGrade, How
from course import syllabus

EXERCISE = syllabus.find("u01/losses")[0]
STUDENTS = [f"student {n}" for n in range(8)]


@pytest.fixture(scope="module")
def how(pytestconfig, isolation_level):
    backend = os.environ.get("KERAS_BACKEND", "torch")
    return How(
        str(pytestconfig.rootpath), (backend,), isolation_level, 2, b"tests".hex()
    )


@pytest.fixture(scope="module")
def records(how, tmp_path_factory):
    """What `layerwise grade` writes of eight submissions while a worker is killed."""
    folder = tmp_path_factory.mktemp("class")
    solution = Path(how.root, "solutions", EXERCISE.path).read_text(encoding="utf-8")
    for student in STUDENTS:
        file = folder / "in" / student / EXERCISE.path
        file.parent.mkdir(parents=True)
        file.write_text(f"{solution}\n# {student}\n")
    path = folder / "records.jsonl"
    words = [folder / "in", "--records", path, "--gradebook", "none"]
    words += ["--isolation", how.isolation, "--backend", how.backends[0]]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as local:
        victim = next(iter(local.workers.values())).pid
        process = subprocess.Popen(
            [Path(sys.executable).with_name("layerwise"), "grade", *map(str, words)]
            + ["--scheduler", local.scheduler_address],
            cwd=how.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while process.poll() is None and not (path.exists() and path.stat().st_size):
            time.sleep(0.02)
        os.kill(victim, signal.SIGKILL)
        said = process.communicate()[0]
    assert process.returncode == 0, said
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(records):
    assert sorted(record["student"] for record in records) == STUDENTS


def test_every_verdict_is_right(records):
    assert {record["category"] for record in records} == {"passed"}


# What can be wrong with a cluster; nothing is graded on these


@pytest.fixture
def local():
    """A scheduler and a worker, threads of this process."""
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        dashboard_address=None,
    ) as cluster:
        yield cluster


def invented(task, how):
    """In the place of `judge`: a verdict without checks."""
    time.sleep(0.1)
    sha256 = batch.checks_sha256(Path(how.root), EXERCISE)
    return {"exercise": task["exercise"], "category": "passed", "checks_sha256": sha256}


def from_other_checks(task, how):
    return {**invented(task, how), "checks_sha256": "another"}


def without_layerwise(task, how):
    raise ModuleNotFoundError("No module named 'autograder'\nand more")


def without_isolation(task, how):
    raise CannotGrade("Linux 4.4 is too old.")


@pytest.fixture
def handed(tmp_path):
    file = tmp_path / EXERCISE.path.name
    file.write_text("x = 1\n")
    return [Handed(student, EXERCISE, student, file) for student in STUDENTS]


def test_a_lost_scheduler_is_said_and_what_came_before_is_kept(
    local, how, handed, monkeypatch
):
    monkeypatch.setattr(cluster, "judge", invented)
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 2)
    found = []
    with pytest.raises(CannotGrade, match=r"scheduler at tcp://.* was lost.*--resume"):
        for record in on_cluster(handed, how, local.scheduler_address):
            found.append(record["student"])
            if len(found) == 2:
                local.close()
    assert found == STUDENTS[: len(found)]
    assert 2 <= len(found) < len(STUDENTS)


@pytest.mark.parametrize(
    "judge, says",
    [
        (from_other_checks, "other checks of u01_numpy_mlp/losses.*same version"),
        (without_layerwise, r"\(ModuleNotFoundError: No module.*\).*same version"),
        (without_isolation, r"^Linux 4.4 is too old.$"),
    ],
)
def test_a_worker_that_cannot_give_this_machines_verdict_ends_the_run(
    judge, says, local, how, handed, monkeypatch
):
    monkeypatch.setattr(cluster, "judge", judge)
    with pytest.raises(CannotGrade, match=says) as failed:
        next(on_cluster(handed, how, local.scheduler_address))
    assert "\n" not in str(failed.value)


def test_where_no_worker_comes_that_is_said(local, how, handed, monkeypatch):
    monkeypatch.setattr(cluster, "_WORKER_SECONDS", 0.2)
    local.scale(0)
    while local.scheduler.workers:
        time.sleep(0.02)
    with pytest.raises(CannotGrade, match=r"No worker has come .* dask worker tcp://"):
        next(on_cluster(handed, how, local.scheduler_address))


def test_without_dask_the_way_to_install_it_is_said(how, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CannotGrade, match=r"layerwise\[cluster\]"):
        next(on_cluster([], how, "tcp://127.0.0.1:9"))


def test_where_no_scheduler_is_that_is_said(how, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with pytest.raises(CannotGrade, match="No Dask scheduler answers"):
        next(on_cluster([], how, "tcp://127.0.0.1:9"))
