"""Where a submission lives: in this process, or in workers forked from a template."""

import collections
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from autograder.grading.outcome import CheckFailed
from autograder.sandbox import wire
from autograder.sandbox.interpreter import Interpreter
from autograder.sandbox.limits import Limits

_PRINTED = 16_384  # bytes of the submission's output that are kept
_START_SECONDS = 120


class TemplateFailed(RuntimeError):
    """The template could not be started, or has ended; the message says why."""


class Place(Protocol):
    """Somewhere a check can meet a submission."""

    def open(self, limits: Limits) -> "Connection": ...


class Connection(Protocol):
    """One check's own copy of the submission."""

    def exchange(self, frame: bytes) -> bytes: ...

    def close(self) -> None: ...

    def printed(self) -> str: ...


class InThisProcess:
    """For maintainers' own solutions and for `--debug`: no isolation, no limits."""

    def open(self, limits: Limits) -> "Connection":
        return _Direct()


class _Direct:
    def __init__(self) -> None:
        self._interpreter = Interpreter()

    def exchange(self, frame: bytes) -> bytes:
        return self._interpreter.handle(frame)

    def close(self) -> None:
        self._interpreter.objects.clear()

    def printed(self) -> str:
        return ""


class Workers:
    """Workers forked from one template, a few of them ready before they are needed.

    Args:
        command: Starts the template; the control descriptor's number is appended.
        environment: The template's whole environment.
        ahead: How many workers wait.
        on_start: Called while the template starts, a few times a second.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        ahead: int = 2,
        on_start: Callable[[], None] = lambda: None,
    ):
        self._ahead = ahead
        self._tokens = itertools.count(1)
        self._ready: collections.deque[_Worker] = collections.deque()
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this)
        self.process = subprocess.Popen(
            [*command, str(theirs.fileno())],
            env=dict(environment),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        theirs.close()
        self._await_ready(on_start)

    def _await_ready(self, on_start: Callable[[], None]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        self.control.settimeout(0.2)
        while time.monotonic() < deadline:
            try:
                data = self.control.recv(4096)
            except TimeoutError:
                on_start()
                continue
            if data:
                self.control.settimeout(10)
                return
            break
        self.process.kill()
        self.process.wait()
        raise TemplateFailed(f"The template did not start:\n{self._said()}")

    def _said(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), 4000, max(0, size - 4000)).decode(
            errors="replace"
        )

    def open(self, limits: Limits) -> "_Worker":
        """A fresh worker, from those that wait if the limits are theirs."""
        waiting = [w for w in self._ready if w.limits == limits]
        worker = waiting[0] if waiting else self._spawn(limits)
        if waiting:
            self._ready.remove(worker)
        self.prepare(limits)
        worker.start_clock()
        return worker

    def prepare(self, limits: Limits) -> None:
        """Has workers fork in the background for the checks to come."""
        while len(self._ready) >= self._ahead + 1:
            self._ready.popleft().close()
        while sum(w.limits == limits for w in self._ready) < self._ahead:
            self._ready.append(self._spawn(limits))

    def _spawn(self, limits: Limits) -> "_Worker":
        token = next(self._tokens)
        ours, theirs = socket.socketpair()
        output = _memory_file()
        order = {"do": "spawn", "token": token, "limits": limits.as_dict()}
        try:
            socket.send_fds(
                self.control, [json.dumps(order).encode()], [theirs.fileno(), output]
            )
        except OSError as error:
            raise TemplateFailed(f"The template has ended:\n{self._said()}") from error
        finally:
            theirs.close()
        return _Worker(self, token, wire.Channel(ours), output, limits)

    def stop(self, token: int) -> int:
        """Kills a worker; its exit code, or minus the signal that ended it."""
        try:
            self.control.send(json.dumps({"do": "stop", "token": token}).encode())
            while data := self.control.recv(4096):
                answer = json.loads(data)
                if answer["token"] == token:
                    return answer["status"]
        except OSError as error:
            raise TemplateFailed(f"The template has ended:\n{self._said()}") from error
        raise TemplateFailed(f"The template has ended:\n{self._said()}")

    def forget(self, token: int) -> None:
        """Kills a worker without waiting for it."""
        with contextlib.suppress(OSError):  # a template that has ended took it along
            self.control.send(json.dumps({"do": "forget", "token": token}).encode())

    def close(self) -> None:
        """Ends the template and with it every worker."""
        while self._ready:
            self._ready.popleft().close()
        self.control.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class _Worker:
    """The grader's end of one worker."""

    def __init__(self, workers, token, channel, output, limits):
        self._workers, self._token, self._output = workers, token, output
        self._channel, self.limits = channel, limits
        self._deadline = 0.0
        self._ended = False

    def start_clock(self) -> None:
        self._deadline = time.monotonic() + self.limits.wall_seconds

    def exchange(self, frame: bytes) -> bytes:
        try:
            self._channel.send_bytes(frame, self._deadline)
            return self._channel.receive_bytes(self._deadline)
        except wire.Late:
            self._end()
            raise self._too_late() from None
        except wire.Closed:
            raise self._why_it_ended(self._end()) from None

    def _too_late(self) -> CheckFailed:
        return CheckFailed(
            "timed_out",
            f"No answer within {self.limits.wall_seconds:g} s.",
            explanation="Is there a loop that never ends, or one that waits?",
        )

    def _why_it_ended(self, status: int) -> CheckFailed:
        if status in (-24, -9) and not self._memory_was_short():  # SIGXCPU, then KILL
            return CheckFailed(
                "timed_out",
                f"Stopped after {self.limits.cpu_seconds:g} s of computing.",
                explanation="Is there a loop that never ends, or one over every element?",
            )
        if status in (-6, -9):
            return CheckFailed("out_of_memory", "The process ran out of memory.")
        if status < 0:
            return CheckFailed("exited", f"The process crashed (signal {-status}).")
        return CheckFailed("exited", f"The process ended itself (exit code {status}).")

    def _memory_was_short(self) -> bool:
        return "bad_alloc" in self.printed() or "MemoryError" in self.printed()

    def printed(self) -> str:
        text = os.pread(self._output, _PRINTED, 0).decode(errors="replace")
        return text

    def _end(self) -> int:
        self._ended = True
        return self._workers.stop(self._token)

    def close(self) -> None:
        if not self._ended:
            self._ended = True
            self._workers.forget(self._token)
        self._channel.close()
        os.close(self._output)


def _memory_file() -> int:
    """A descriptor of a nameless file: output never blocks and never fills a disk."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("output")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def unisolated(backend: str, **options) -> Workers:
    """Workers on the student's own machine: limits and time-outs, nothing more."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, **template_environment(backend), "PYTHONPATH": root}
    command = [sys.executable, "-m", "autograder.sandbox.template"]
    return Workers(command, environment, **options)


def template_environment(backend: str) -> dict[str, str]:
    """What every template needs: its backend, one thread, Keras's parts."""
    return {
        "KERAS_BACKEND": backend,
        "LAYERWISE_PARTS": "keras",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "MPLBACKEND": "Agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
