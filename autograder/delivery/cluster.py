"""The same on a Dask cluster: SLURM, Kubernetes, a cloud. One writer, this process.

Each worker process of the cluster keeps one seat: a grading process and a sandbox for
each backend. What a dead worker was judging, the scheduler gives to another one; a
submission that kills its workers again and again becomes a `grader_error`.
"""

import atexit
import contextlib
import functools
import itertools
import logging
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.delivery import seat
from autograder.delivery.batch import checks_sha256, finished, task_of
from autograder.delivery.collecting import Handed
from autograder.delivery.seat import CannotGrade, How, Seat

_AHEAD = 4  # tasks a worker that the scheduler knows of: enough to keep all busy
_CONNECT_SECONDS = 30
_WORKER_SECONDS = 300  # until the first worker comes: queues of batch systems are slow
_LOST = (
    "The Dask scheduler at {} was lost. What it has delivered is recorded: when it is "
    "back, the same command with --resume goes on."
)

_seats: dict[How, Seat] = {}  # of this worker process
_one_at_a_time = threading.Lock()  # whatever number of threads it was given


def on_cluster(
    todo: Iterable[Handed], how: How, address: str
) -> Generator[dict[str, Any], None, None]:
    """Judges on the workers of a scheduler; yields records as they come.

    Workers need the same Layerwise installed, one thread each (`--nthreads 1`), and
    whatever the isolation asks of a machine.

    Raises:
        CannotGrade: If there is no such scheduler, no worker comes, the scheduler is
            lost, or a worker can't grade or has other checks than this machine.
    """
    client = _client(address)
    from distributed import as_completed

    waiting = iter(todo)
    tasks: dict[Any, tuple[dict[str, Any], str]] = {}
    checks = functools.cache(lambda e: checks_sha256(Path(how.root), e))

    def submitted(count: int) -> list[Any]:
        futures = []
        for one in itertools.islice(waiting, count):
            task = task_of(one)
            future = client.submit(judge, task, how, pure=False)
            tasks[future.key] = task, checks(one.exercise)
            futures.append(future)
        return futures

    with client, _lost(address):
        ahead = _AHEAD * _workers(client, address)
        running = as_completed(submitted(ahead))
        for future in running:
            task, expected = tasks.pop(future.key)
            record = _result(future, task, how)
            _refuse_other_checks(record, expected)
            yield finished(task, record)
            running.update(submitted(1))


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CannotGrade(
            "--scheduler needs Dask: pip install 'layerwise[cluster]'"
        ) from error
    # What Dask would log of a lost scheduler, over several lines, is said once.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=_CONNECT_SECONDS, name="layerwise")
    except (OSError, ValueError) as error:
        raise CannotGrade(
            f"No Dask scheduler answers at {address} ({error})."
        ) from error


def _workers(client: Any, address: str) -> int:
    """How many there are, once there is one."""
    try:
        client.wait_for_workers(1, timeout=_WORKER_SECONDS)
    except TimeoutError as error:
        raise CannotGrade(
            f"No worker has come to the Dask scheduler at {address} in "
            f"{_WORKER_SECONDS} s. Start some: dask worker {address} --nthreads 1"
        ) from error
    except OSError as error:
        raise CannotGrade(_LOST.format(address)) from error
    return max(1, len(client.scheduler_info(n_workers=-1)["workers"]))


@contextlib.contextmanager
def _lost(address: str) -> Iterator[None]:
    """Says that the scheduler has gone, in whichever call that shows."""
    from concurrent.futures import CancelledError

    from distributed.client import ClosedClientError
    from distributed.comm import CommClosedError

    try:
        yield
    except (CancelledError, ClosedClientError, CommClosedError) as error:
        raise CannotGrade(_LOST.format(address)) from error


def _result(future: Any, task: dict[str, Any], how: How) -> dict[str, Any]:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        return seat.given_up(task, how.backends[0], f"KilledWorker: {error}")
    except (CannotGrade, CancelledError):
        raise
    except Exception as error:  # whatever that machine lacks
        said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise CannotGrade(
            f"A worker can't grade ({said}). Every machine of the cluster needs the same "
            "version of Layerwise as this one."
        ) from error


def _refuse_other_checks(record: dict[str, Any], expected: str) -> None:
    """No verdict of another version's checks may stand among those of this one's."""
    if record["checks_sha256"] not in ("", expected):  # '' if it could not be judged
        raise CannotGrade(
            f"A worker has other checks of {record['exercise']} than this machine. Bring "
            "all machines to the same version and start the workers again; the same "
            "command with --resume goes on."
        )


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
