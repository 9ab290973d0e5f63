"""A grading process: one backend, one engine, one template, one submission at a time.

Started as `python -m autograder.delivery.grader FD`. On the socket come JSON lines: first
how to grade, then one task after another; a JSON line answers each. It holds checks and
seeds, but runs no submission: those live in the template's workers.
"""

import concurrent.futures
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from course import syllabus


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the writer's to handle
    connection = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(connection.fileno(), False)
    lines = connection.makefile("r", encoding="utf-8")
    how = json.loads(lines.readline())

    def answer(message: dict[str, Any]) -> None:
        connection.sendall(json.dumps(message).encode() + b"\n")

    try:
        place, judge = _ready(how)
    except Exception as error:  # whatever it is, the writer tells the instructor
        answer({"failed": str(error) or type(error).__name__})
        raise
    with place:
        answer({"ready": os.getpid()})
        for line in lines:
            try:
                answer(judge(json.loads(line)))
            except BrokenPipeError:
                return  # the writer is gone, and with it this process's purpose


def _ready(how: dict[str, Any]) -> tuple[Any, Any]:
    """Imports Keras and starts the sandbox at the same time: seconds, once."""
    from autograder.sandbox import backend

    backend.settle()
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        starting = beside.submit(place_for, how["isolation"], how["backend"])
        backend.import_keras()  # the engine would, at its first submission
        place = starting.result()
    from autograder.grading.engine import Engine

    engine = Engine(
        Path(how["root"]), secret=bytes.fromhex(how["secret"]), seconds=how["seconds"]
    )
    return place, lambda task: judge(task, engine, place, how["isolation"])


def place_for(isolation: str, backend: str) -> Any:
    """Workers of the isolation asked for; there is no falling back to a weaker one."""
    from autograder.grading import landlocked
    from autograder.grading.isolation import namespaced
    from autograder.grading.transport import unisolated

    kinds = {
        "namespaces": namespaced,
        "landlock": landlocked.landlocked,
        "none": unisolated,
    }
    return kinds[isolation](backend)


def judge(
    task: dict[str, Any], engine: Any, place: Any, isolation: str
) -> dict[str, Any]:
    """The record of one submission."""
    from autograder.grading import records
    from autograder.grading.engine import Result
    from autograder.grading.submission import Submission, UnreadableSubmission

    (exercise,) = syllabus.find(task["exercise"])
    category = "not_judged" if task["problem"] else "syntax_error"
    started = time.perf_counter()
    try:
        if task["problem"]:
            raise UnreadableSubmission(task["problem"])
        source = _text(task, exercise)
    except UnreadableSubmission as error:
        nothing = Result(Submission(exercise, "", task["path"]))
        entry = records.record(nothing, engine, isolation)
        entry["category"], entry["explanation"] = category, str(error)
        entry["max_points"] = _worth(engine, exercise)
    else:
        result = engine.judge(Submission(exercise, source, task["path"]), place)
        entry = records.record(result, engine, isolation)
    entry["seconds"] = round(time.perf_counter() - started, 3)
    return entry


def _text(task: dict[str, Any], exercise: syllabus.Exercise) -> str:
    from autograder.grading.submission import MAX_SOURCE, UnreadableSubmission, decode

    data = bytes.fromhex(task["data"])
    if len(data) > MAX_SOURCE:
        raise UnreadableSubmission(
            f"{task['path']} is larger than {MAX_SOURCE // 2**20} MiB; an exercise is a "
            "few kilobytes of code. Take the data out of it."
        )
    return decode(data, task["path"], exercise.id)


def _worth(engine: Any, exercise: syllabus.Exercise) -> float:
    from autograder.grading.checks import points

    return sum(points(item) for item in engine.suite(exercise).items)


if __name__ == "__main__":
    main()
