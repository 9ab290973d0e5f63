"""The same on a Dask cluster: SLURM, Kubernetes, a cloud. One writer, this process.

Each worker process of the cluster keeps one seat: a grading process and a sandbox for
each backend. What a dead worker was judging, the scheduler gives to another one; a
submission that kills its workers again and again becomes a `grader_error`.
"""

import atexit
import itertools
import threading
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.delivery import seat
from autograder.delivery.batch import finished, task_of
from autograder.delivery.collecting import Handed
from autograder.delivery.seat import CannotGrade, How, Seat

_AHEAD = 4  # tasks a worker that the scheduler knows of: enough to keep all busy
_CONNECT_SECONDS = 30

_seats: dict[How, Seat] = {}  # of this worker process
_one_at_a_time = threading.Lock()  # whatever number of threads it was given


def on_cluster(
    todo: Iterable[Handed], how: How, address: str
) -> Generator[dict[str, Any], None, None]:
    """Judges on the workers of a scheduler; yields records as they come.

    Workers need the same Layerwise installed, one thread each (`--nthreads 1`), and
    whatever the isolation asks of a machine.

    Raises:
        CannotGrade: If there is no such scheduler, or grading doesn't start there.
    """
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout=_CONNECT_SECONDS, name="layerwise")
    except (OSError, ValueError) as error:
        raise CannotGrade(
            f"No Dask scheduler answers at {address} ({error})."
        ) from error
    waiting = iter(todo)
    tasks: dict[Any, dict[str, Any]] = {}

    def submitted(count: int) -> list[Any]:
        futures = []
        for one in itertools.islice(waiting, count):
            task = task_of(one)
            future = client.submit(judge, task, how, pure=False)
            tasks[future.key] = task
            futures.append(future)
        return futures

    with client:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS * 10)
        ahead = _AHEAD * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
        running = as_completed(submitted(ahead))
        for future in running:
            task = tasks.pop(future.key)
            yield finished(task, _result(future, task, how))
            running.update(submitted(1))


def _result(future: Any, task: dict[str, Any], how: How) -> dict[str, Any]:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        return seat.given_up(task, how.backends[0], f"KilledWorker: {error}")


def judge(task: dict[str, Any], how: How) -> dict[str, Any]:
    """On a worker: the record of a task. The seat stays for the next one."""
    here = replace(how, root=str(_root()))
    with _one_at_a_time:
        if here not in _seats:
            _seats[here] = Seat(here)
            atexit.register(_seats[here].close)
        return _seats[here].judge(task)


def _root() -> Path:
    """Where this machine has the course; its path may be another than the writer's."""
    return Path(__file__).resolve().parents[2]
