"""Where a submission lives: in this process, or in workers forked from a template."""

import collections
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from autograder.grading import verdicts
from autograder.grading.outcome import CheckFailed
from autograder.grading.verdicts import End
from autograder.sandbox import wire
from autograder.sandbox.interpreter import Interpreter
from autograder.sandbox.limits import Limits
from autograder.sandbox.worker import READY

_PRINTED = 16_384  # bytes of the submission's output that are kept
_START_SECONDS = 120
_ANSWER_SECONDS = 10  # in which the template carries out an order
_RESET_SECONDS = 2  # in which a worker gets ready for another check
_PATIENCE = 0.2  # seconds in which a worker that hung up may end by itself


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

    def renew(self, limits: Limits) -> bool:
        """Makes it ready for another check of the same submission, if it can be."""


class InThisProcess:
    """For maintainers' own solutions and for `--debug`: no isolation, no limits."""

    def open(self, limits: Limits) -> "Connection":
        return _Direct()


class _Direct:
    def __init__(self) -> None:
        self._interpreter = Interpreter()
        self._registered = [dict(table) for table in _registries()]

    def exchange(self, frame: bytes) -> bytes:
        return self._interpreter.handle(frame)

    def close(self) -> None:
        """Leaves Keras as it was, without the classes that the code has registered."""
        self._interpreter.do_reset()
        for table, before in zip(_registries(), self._registered, strict=True):
            table.clear()
            table.update(before)

    def printed(self) -> str:
        return ""

    def renew(self, limits: Limits) -> bool:
        return False


def _registries() -> tuple[dict, dict]:
    """Keras's tables of custom classes: by name, and their names."""
    from keras.src.saving import object_registration as registration

    return registration.GLOBAL_CUSTOM_OBJECTS, registration.GLOBAL_CUSTOM_NAMES


class Workers:
    """Workers forked from one template, a few of them ready before they are needed.

    A template that has ended is started again for the next check. To be used from one
    thread at a time.

    Args:
        command: Starts the template; the control descriptor's number is appended.
        environment: The template's whole environment.
        ahead: How many workers wait.
        on_start: Called while the template starts, a few times a second.

    Attributes:
        on_wait: Called while a worker is waited for, a few times a second; may raise.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        ahead: int = 2,
        on_start: Callable[[], None] = lambda: None,
    ):
        self._command, self._environment = command, dict(environment)
        self._ahead = ahead
        self.on_wait: Callable[[], None] = lambda: None
        self._tokens = itertools.count(1)
        self._ready: collections.deque[_Worker] = collections.deque()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this)
        self._start(on_start)

    def _start(self, on_start: Callable[[], None] = lambda: None) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [*self._command, str(theirs.fileno())],
                env=self._environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await_ready(on_start)
        except BaseException:
            self._kill()
            raise

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
                self.control.settimeout(_ANSWER_SECONDS)
                return
            break
        raise TemplateFailed(f"The template did not start:\n{self._said()}")

    def _said(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        end = os.pread(self._log.fileno(), 4000, max(0, size - 4000))
        return end.decode(errors="replace").strip()

    def open(self, limits: Limits) -> "_Worker":
        """A fresh worker, from those that wait if the limits are theirs.

        Raises:
            TemplateFailed: If the template has ended and does not start again.
        """
        if self.process.poll() is not None:
            self._kill()
            self._start()
        waiting = [w for w in self._ready if w.limits == limits]
        worker = waiting[0] if waiting else self._spawn(limits)
        if waiting:
            self._ready.remove(worker)
        self.prepare(limits)
        try:
            worker.await_ready()
        except BaseException:
            worker.close()
            raise
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
            ours.close()
            os.close(output)
            raise self._failed() from error
        finally:
            theirs.close()
        return _Worker(self, token, wire.Channel(ours), output, limits)

    def stop(self, token: int, patience: float = 0) -> End:
        """Kills a worker, unless it ends by itself within `patience` seconds."""
        order = {"do": "stop", "token": token, "patience": patience}
        try:
            self.control.send(json.dumps(order).encode())
            while data := self.control.recv(4096):
                answer = json.loads(data)
                if answer.pop("token") == token:
                    return End(**answer)
        except OSError as error:
            raise self._failed() from error
        raise self._failed()

    def _failed(self) -> TemplateFailed:
        """The template is of no more use: makes sure of it, and says why."""
        self._kill()
        return TemplateFailed(f"The template has ended:\n{self._said()}")

    def forget(self, token: int) -> None:
        """Kills a worker without waiting for it."""
        with contextlib.suppress(OSError):  # a template that has ended took it along
            self.control.send(json.dumps({"do": "forget", "token": token}).encode())

    def close(self) -> None:
        """Ends the template and with it every worker."""
        self._kill(patience=5)
        self._log.close()

    def _kill(self, patience: float = 0) -> None:
        while self._ready:
            self._ready.popleft().close()
        self.control.close()  # tells the template to end
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class _Worker:
    """The grader's end of one worker."""

    def __init__(
        self,
        workers: Workers,
        token: int,
        channel: wire.Channel,
        output: int,
        limits: Limits,
    ):
        self._workers, self._token, self._output = workers, token, output
        self._channel, self.limits = channel, limits
        self._deadline = 0.0
        self._ended = False
        self._said_before = 0  # bytes of output, in the checks before

    def await_ready(self) -> None:
        """Waits until the worker is confined, and starts the clock.

        Raises:
            TemplateFailed: If it ends before; it has not seen a submission yet, so
                that is nobody's fault but the machine's.
        """
        deadline = time.monotonic() + _START_SECONDS
        try:
            if self._channel.receive(deadline, self._workers.on_wait) != READY:
                raise wire.WireError("its first word is not the one expected")
        except wire.WireError as error:
            self._workers.stop(self._token)
            self._ended = True
            said = f"{self._workers._said()}\n{self.printed()}".strip()
            raise TemplateFailed(f"A worker did not start: {error}.\n{said}") from error
        self._deadline = time.monotonic() + self.limits.wall_seconds

    def exchange(self, frame: bytes) -> bytes:
        try:
            self._channel.send_bytes(frame, self._deadline, self._workers.on_wait)
            return self._channel.receive_bytes(self._deadline, self._workers.on_wait)
        except wire.Late:
            self._end()
            raise verdicts.too_late(self.limits) from None
        except wire.Closed:
            end = self._end(_PATIENCE)
            raise verdicts.why_it_ended(end, self.limits, self.printed()) from None

    def printed(self) -> str:
        return verdicts.readable(os.pread(self._output, _PRINTED, self._said_before))

    def renew(self, limits: Limits) -> bool:
        """Whether the worker says that the check has left no traces.

        A submission can have it say so. All it gains is that its next check meets what
        it has left itself.
        """
        if self._ended or self.limits != limits:
            return False
        self._deadline = time.monotonic() + _RESET_SECONDS
        request = wire.pack({"id": 0, "do": "reset"})
        try:
            answer = wire.unpack(self.exchange(request))
        except (CheckFailed, wire.WireError):
            return False
        self._said_before = os.fstat(self._output).st_size
        self._deadline = time.monotonic() + limits.wall_seconds
        return type(answer) is dict and answer.get("value") is True

    def _end(self, patience: float = 0) -> End:
        if self._ended:
            return End()
        self._ended = True
        return self._workers.stop(self._token, patience)

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


def unisolated(backend: str, **options: Any) -> Any:
    """Workers on the student's own machine: limits and time-outs, nothing more."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, **template_environment(backend), "PYTHONPATH": root}
    if sys.platform in ("win32", "darwin"):  # no fork, or one that frameworks crash in
        from autograder.grading.spawned import SpawnedWorkers

        return SpawnedWorkers(environment, **options)
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
        "PYTHONSAFEPATH": "1",  # a numpy.py in the current folder is not NumPy
    }
