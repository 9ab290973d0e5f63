"""Asks the warm service for checks; starts it when it isn't there.

No Keras, no NumPy here: the first answer must come at once.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder.grading import runtime, submission
from autograder.grading.talk import HungUp, Line
from course import parts
from course.syllabus import Exercise

_BACKENDS = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
_START_SECONDS = 180
_ERROR = re.compile(r"[\w.]+(Error|Exception|Failed|Exit): ")


class CheckingFailed(Exception):
    """The check could not be made; the message says what to do."""


def project_root() -> Path:
    """The project folder.

    Raises:
        CheckingFailed: If there is none here.
    """
    root = parts.project_root()
    if root is None:
        raise CheckingFailed(
            "No course here: go to the folder that holds exercises/ and course/."
        )
    return root


def check_file(
    exercise: Exercise,
    on_event: Callable[[dict], None] = lambda event: None,
    backend: str | None = None,
) -> dict[str, Any]:
    """Checks the exercise's file in exercises/; see `check_source`."""
    shown = str(Path("exercises", exercise.path))
    read = submission.read(project_root() / shown, exercise, shown)
    return check_source(exercise, read.source, shown, on_event, backend)


def check_source(
    exercise: Exercise,
    source: str,
    filename: str,
    on_event: Callable[[dict], None] = lambda event: None,
    backend: str | None = None,
) -> dict[str, Any]:
    """Checks a text as the answer to an exercise.

    Args:
        exercise: Which exercise.
        source: The text.
        filename: What messages call it.
        on_event: Called with `starting` while the service starts, with `start`, and
            with each `outcome` as it comes.
        backend: `torch` or `tensorflow`; None for the one that Keras is set to.

    Returns:
        `exercise`, `outcomes`, `points`, `max_points`, `passed`, `category`.

    Raises:
        CheckingFailed: If the service can't be started or fails.
    """
    from course.cli.doctor import backend as chosen

    name = backend or chosen()
    request = {
        "do": "check",
        "exercise": exercise.id,
        "source": source,
        "filename": filename,
    }
    for event in _conversation(project_root(), name, request, on_event):
        if event["event"] == "result":
            return event
        if event["event"] == "error":
            raise CheckingFailed(
                f"The checker itself failed ({event['message']}). That is not your "
                "code's fault; run: layerwise doctor"
            )
        on_event(event)
    raise CheckingFailed("The checker ended before it had answered. Check once more.")


def stop(root: Path, backend: str) -> bool:
    """Ends the service of a project; whether there was one."""
    connection = _connect(runtime.socket_path(root, backend))
    if connection is None:
        return False
    line = Line(connection)
    if line.receive()["event"] == "hello":
        line.send({"do": "stop"})
        line.receive()
    return True


def _conversation(
    root: Path, backend: str, request: dict, on_event: Callable[[dict], None]
) -> Iterator[dict]:
    for _ in range(3):  # a stale service ends itself and is started again
        line = Line(_connected(root, backend, on_event))
        try:
            if line.receive()["event"] != "hello":
                continue
            line.send(request)
            while True:
                event = line.receive()
                yield event
                if event["event"] in ("result", "error"):
                    return
        except HungUp:
            said = _said(_log_of(root, backend))
            if said:
                raise CheckingFailed(f"The checker ended: {said}") from None
        finally:
            line.close()


def _connected(
    root: Path, backend: str, on_event: Callable[[dict], None]
) -> socket.socket:
    path = runtime.socket_path(root, backend)
    connection = _connect(path)
    if connection is not None:
        return connection
    on_event({"event": "starting", "backend": _BACKENDS.get(backend, backend)})
    process = _start(root, backend)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        connection = _connect(path)
        if connection is not None:
            return connection
        if process.poll() not in (None, 0):
            said = _said(_log_of(root, backend))
            raise CheckingFailed(f"The checker could not start: {said}")
        time.sleep(0.02)
    raise CheckingFailed("The checker did not start. Run: layerwise doctor")


def _connect(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _start(root: Path, backend: str) -> subprocess.Popen:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "LAYERWISE_PARTS": "keras",
        "LAYERWISE_PROJECT": str(root),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "MPLBACKEND": "Agg",
        "PYTHONPATH": str(root),
    }
    with open(_log_of(root, backend), "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "autograder.grading.service", str(root), backend],
            env=environment,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _log_of(root: Path, backend: str) -> Path:
    return runtime.socket_path(root, backend).with_suffix(".log")


def _said(log: Path) -> str:
    """The error that ended the service, and where the whole story is."""
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if _ERROR.match(line)]
    return f"{errors[-1]} (all of it: {log})" if errors else ""
