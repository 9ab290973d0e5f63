"""Where one submission at a time is judged: a grading process for each backend.

A grading process that dies costs the submission it was judging one attempt; after the
second that submission gets a `grader_error` of its own, and the others go on.
"""

import contextlib
import copy
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from typing import Any

ATTEMPTS = 2
BACKENDS = ("torch", "tensorflow")
_TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}


def cores() -> int:
    """How many this process may use; macOS knows only how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class CannotGrade(RuntimeError):
    """Grading processes don't start here; the message says why."""


@dataclass(frozen=True)
class How:
    """How to grade.

    Attributes:
        root: The project folder.
        backends: On which; a score is the lowest of them.
        isolation: `namespaces`, `landlock` or `none`.
        seconds: Processor seconds for a check that does not say.
        secret: What seeds come from, in hexadecimal.
    """

    root: str
    backends: tuple[str, ...]
    isolation: str
    seconds: float
    secret: str

    def for_backend(self, backend: str) -> dict[str, Any]:
        return {**asdict(self), "backend": backend}


class _Died(Exception):
    """The grading process has ended; the text is the last it said."""


class Grader:
    """A grading process, as its owner sees it."""

    def __init__(self, how: How, backend: str):
        self.backend = backend
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this)
        self._connection, theirs = socket.socketpair()
        environment = {
            **os.environ,
            "KERAS_BACKEND": backend,
            "LAYERWISE_PARTS": "keras",
            "OMP_NUM_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "autograder.delivery.grader"]
                + [str(theirs.fileno())],
                cwd=how.root,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is not for it
            )
        self._lines = self._connection.makefile("r", encoding="utf-8")
        self._ready = False
        with contextlib.suppress(OSError):  # it has died already: `judge` tells
            self._send(how.for_backend(backend))

    def await_ready(self) -> None:
        """Waits for Keras and the sandbox.

        Raises:
            CannotGrade: If they can't be had.
            Died: If it was ended before it could say so.
        """
        if self._ready:
            return
        answer = self._receive()
        if "failed" in answer:
            raise CannotGrade(answer["failed"])
        self._ready = True

    def give(self, task: dict[str, Any]) -> None:
        """Hands over a submission; `take` waits for its record."""
        with contextlib.suppress(OSError):  # it has died: `take` tells
            self._send(task)

    def take(self) -> dict[str, Any]:
        return self._receive()

    def _send(self, message: dict[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except OSError:
            line = ""
        if not line.endswith("\n"):
            raise _Died(self._said())
        return json.loads(line)

    def _said(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        size = os.fstat(self._log.fileno()).st_size
        end = os.pread(self._log.fileno(), 2000, max(0, size - 2000))
        return end.decode(errors="replace").strip()

    def close(self) -> None:
        """Ends it; its template and workers end with it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes whoever waits
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._connection.close()
        self._log.close()


class Seat:
    """Judges a submission on each backend and joins the records."""

    def __init__(self, how: How):
        self.how = how
        self._graders: dict[str, Grader] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._has_started = False  # a grading process was ready once

    def judge(self, task: dict[str, Any]) -> dict[str, Any]:
        """The record of a task: `student`, `exercise`, `path`, `data`, …

        Raises:
            CannotGrade: If no grading process starts.
        """
        records: dict[str, dict[str, Any]] = {}
        last = ""
        for _ in range(ATTEMPTS):
            missing = [b for b in self.how.backends if b not in records]
            graders = [self._grader(backend) for backend in missing]
            for grader in graders:
                grader.give(task)
            for grader in graders:
                try:
                    grader.await_ready()
                    self._has_started = True
                    records[grader.backend] = grader.take()
                except _Died as error:
                    last = str(error)
                    self._remove(grader)
                    if not self._has_started:
                        raise CannotGrade(
                            f"A grading process does not start:\n{last}"
                        ) from error
        for backend in self.how.backends:
            records.setdefault(backend, given_up(task, backend, last))
        return _joined(list(records.values()), self.how.backends)

    def _grader(self, backend: str) -> Grader:
        with self._lock:
            if self._closed:
                raise CannotGrade("Grading was stopped.")
            if backend not in self._graders:
                self._graders[backend] = Grader(self.how, backend)
            return self._graders[backend]

    def _remove(self, grader: Grader) -> None:
        with self._lock:
            if self._closed:
                raise CannotGrade("Grading was stopped.")
            del self._graders[grader.backend]
        grader.close()

    def close(self) -> None:
        """Ends the grading processes, whatever they are at; each of them once.

        The thread that judges and the one that stops it may both come here.
        """
        with self._lock:
            self._closed = True
            graders, self._graders = list(self._graders.values()), {}
        for grader in graders:
            grader.close()


def given_up(task: dict[str, Any], backend: str, said: str) -> dict[str, Any]:
    """The record of a submission over which grading processes have died."""
    lines = said.splitlines()
    return {
        "exercise": task["exercise"],
        "filename": task["path"],
        "points": 0.0,
        "max_points": 0.0,
        "passed": False,
        "category": "grader_error",
        "explanation": f"The grading process died {ATTEMPTS} times over this submission"
        f"{': ' + lines[-1][:300] if lines else ''}. Grade again with --resume.",
        "outcomes": [],
        "source": "",
        "seeds": {},
        "backend": backend,
        "checks_sha256": "",
        "seconds": None,
    }


def _joined(records: list[dict[str, Any]], backends: tuple[str, ...]) -> dict[str, Any]:
    """The record of the backend with the lowest score, with all of them in it."""
    faulty = [r for r in records if r["category"] == "grader_error"]
    worst = copy.deepcopy(min(faulty or records, key=lambda r: r["points"]))
    if len(backends) == 1:
        return worst
    worst["seconds"] = sum(r["seconds"] or 0 for r in records)
    worst["backends"] = {
        r["backend"]: {
            key: r[key]
            for key in ("points", "max_points", "passed", "category", "explanation")
            + ("outcomes", "seeds")
        }
        for r in records
    }
    right = [_TITLES[r["backend"]] for r in records if r["passed"]]
    if right and not worst["passed"] and not faulty:
        worst["explanation"] = (
            f"Right on {right[0]} only, not on {_TITLES[worst['backend']]}: "
            f"{worst['explanation']}"
        )
    return worst
