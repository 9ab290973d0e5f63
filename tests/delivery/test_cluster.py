"""The same on a real Dask scheduler with two worker processes, one of them killed."""

import os
import signal

import distributed
import pytest

from autograder.delivery import cluster
from autograder.delivery.cluster import on_cluster
from autograder.delivery.collecting import Handed
from autograder.delivery.seat import CannotGrade, How
from autograder.grading import isolation
from course import syllabus

EXERCISE = syllabus.find("u01/losses")[0]
STUDENTS = [f"student {n}" for n in range(8)]


@pytest.fixture(scope="module")
def how(pytestconfig):
    kind = "namespaces" if isolation.possible().isolated else "none"
    backend = os.environ.get("KERAS_BACKEND", "torch")
    return How(str(pytestconfig.rootpath), (backend,), kind, 2, b"tests".hex())


@pytest.fixture(scope="module")
def records(how, tmp_path_factory, pytestconfig):
    """Eight submissions judged while one of two workers is killed."""
    folder = tmp_path_factory.mktemp("class")
    solution = pytestconfig.rootpath / "solutions" / EXERCISE.path
    handed = []
    for student in STUDENTS:
        file = folder / f"{student}.py"
        file.write_text(f"{solution.read_text(encoding='utf-8')}\n# {student}\n")
        handed.append(Handed(student, EXERCISE, student, file))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as local:
        victim = next(iter(local.workers.values())).pid
        found = []
        for record in on_cluster(handed, how, local.scheduler_address):
            found.append(record)
            if len(found) == 1:
                os.kill(victim, signal.SIGKILL)
        return found


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(records):
    assert sorted(record["student"] for record in records) == STUDENTS


def test_every_verdict_is_right(records):
    assert {record["category"] for record in records} == {"passed"}


def test_where_no_scheduler_is_that_is_said(how, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with pytest.raises(CannotGrade, match="No Dask scheduler answers"):
        next(on_cluster([], how, "tcp://127.0.0.1:9"))
