"""Judges a class: several grading processes, one writer, records as they come."""

import hashlib
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.delivery import journal
from autograder.delivery.collecting import Handed
from autograder.delivery.journal import Journal
from autograder.delivery.seat import How, Seat
from autograder.grading.checks import sha256_of
from autograder.grading.submission import MAX_SOURCE
from course.syllabus import Exercise

_TICK = 0.2  # seconds between looks at the keyboard


@dataclass
class Plan:
    """What is to be done.

    Attributes:
        todo: Answers to be judged, in order.
        unchanged: Answers that are recorded with the same source, checks and backends.
    """

    todo: list[Handed]
    unchanged: list[Handed]


def plan(
    handed: Sequence[Handed], book: Journal, how: How, regrade: bool = False
) -> Plan:
    """Compares what was handed in with what is recorded.

    What is to be judged again loses its old record first: no old score survives.
    """
    checks = {
        exercise: checks_sha256(Path(how.root), exercise)
        for exercise in dict.fromkeys(one.exercise for one in handed)
    }
    made = Plan([], [])
    for one in handed:
        key = (one.student, one.exercise.id)
        stamp = journal.stamp(_sha256(one), checks[one.exercise], how.backends)
        done = book.is_done(key, stamp) and not regrade and not one.problem
        (made.unchanged if done else made.todo).append(one)
    book.clear({(one.student, one.exercise.id) for one in made.todo})
    return made


def checks_sha256(root: Path, exercise: Exercise) -> str:
    """As in the records, without collecting the checks."""
    return sha256_of(root, exercise, ("hidden", "public"))


def _data(one: Handed) -> bytes:
    with open(one.file, "rb") as file:
        return file.read(MAX_SOURCE + 1)


def _sha256(one: Handed) -> str:
    return hashlib.sha256(_data(one)).hexdigest()


def task_of(one: Handed) -> dict[str, Any]:
    """What a grading process needs to know, as plain values."""
    data = _data(one)
    return {
        "student": one.student,
        "exercise": one.exercise.id,
        "path": one.path,
        "submitted_at": one.submitted_at,
        "problem": one.problem,
        "data": data.hex(),
        "handed_sha256": hashlib.sha256(data).hexdigest(),
    }


def finished(task: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """The record together with whose it is."""
    whose = ("student", "path", "submitted_at", "handed_sha256")
    return {**{key: task[key] for key in whose}, **record}


def on_this_machine(
    todo: Iterable[Handed], how: How, jobs: int
) -> Generator[dict[str, Any], None, None]:
    """Judges with `jobs` grading processes a backend; yields records as they come.

    Raises:
        CannotGrade: If no grading process starts.
    """
    waiting = iter(todo)
    taking = threading.Lock()
    results: queue.SimpleQueue[dict[str, Any] | BaseException | None] = (
        queue.SimpleQueue()
    )
    seats = [Seat(how) for _ in range(jobs)]

    def work(seat: Seat) -> None:
        try:
            while True:
                with taking:
                    one = next(waiting, None)
                if one is None:
                    break
                task = task_of(one)
                results.put(finished(task, seat.judge(task)))
            results.put(None)
        except BaseException as error:  # for the writer's thread, which raises it
            results.put(error)
        finally:
            seat.close()

    threads = [threading.Thread(target=work, args=[s], daemon=True) for s in seats]
    for thread in threads:
        thread.start()
    try:
        yield from _as_they_come(results, len(threads))
    finally:
        for seat in seats:
            seat.close()
        for thread in threads:
            thread.join()


def _as_they_come(results: queue.SimpleQueue, workers: int) -> Iterator[dict[str, Any]]:
    while workers:
        try:
            result = results.get(timeout=_TICK)
        except queue.Empty:
            continue
        if isinstance(result, BaseException):
            raise result
        if result is None:
            workers -= 1
        else:
            yield result
