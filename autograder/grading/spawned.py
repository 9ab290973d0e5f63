"""Workers that are started afresh, for systems that can't fork one: Windows, macOS.

A worker takes seconds to start, so it waits for the next check and serves it too, if
the last one has left no traces (see `sandbox.traces`). What the kernel limits
elsewhere is watched from here.
"""

import contextlib
import hmac
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from autograder.grading import verdicts
from autograder.grading.outcome import CheckFailed
from autograder.grading.transport import TemplateFailed
from autograder.sandbox import wire
from autograder.sandbox.limits import Limits
from autograder.sandbox.worker import READY

_PRINTED = 16_384  # bytes of the submission's output that are kept
_START_SECONDS = 120
_RESET_SECONDS = 5
_PATIENCE = 0.5  # seconds in which a worker that hung up may end by itself


class SpawnedWorkers:
    """The same to a caller as `transport.Workers`.

    Args:
        environment: The workers' whole environment.
        ahead: How many fresh workers wait, at least one.
        on_start: Called while the first worker starts, a few times a second.

    Attributes:
        on_wait: Called while a worker is waited for, a few times a second; may raise.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        ahead: int = 1,
        on_start: Callable[[], None] = lambda: None,
    ):
        self._environment, self._ahead = dict(environment), max(1, ahead)
        self.on_wait: Callable[[], None] = lambda: None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._used: list[_Process] = []
        self._fresh: list[_Process] = []
        try:
            self._prepare()
            self._fresh[0].await_ready(on_start)
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        while len(self._fresh) < self._ahead:
            self._fresh.append(_Process(self._environment, Path(self._folder.name)))

    def open(self, limits: Limits) -> "_SpawnedWorker":
        """A worker that holds no traces of another check.

        Raises:
            TemplateFailed: If none starts.
        """
        process = self._reset_one()
        if process is None:
            process = self._fresh.pop(0)
            self._prepare()
            process.await_ready(self.on_wait)
        return _SpawnedWorker(self, process, limits)

    def _reset_one(self) -> "_Process | None":
        while self._used:
            process = self._used.pop()
            if process.is_reset(self.on_wait):
                return process
            process.end()
        return None

    def take_back(self, process: "_Process") -> None:
        """A worker whose check is over; it may serve another."""
        self._used.append(process)

    def close(self) -> None:
        """Ends every worker."""
        for process in [*self._used, *self._fresh]:
            process.end()
        self._used, self._fresh = [], []
        self._folder.cleanup()

    def __enter__(self) -> "SpawnedWorkers":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class _Process:
    """One started worker; it calls back on a port of its own and shows a key."""

    def __init__(self, environment: Mapping[str, str], folder: Path):
        self._key = secrets.token_hex(16).encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._output = folder / self._key[:8].decode()
        port = str(self._listener.getsockname()[1])
        with open(self._output, "wb") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "autograder.sandbox.worker", port],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert self._popen.stdin is not None
        self._life_line = self._popen.stdin  # the worker ends when this is closed
        self._life_line.write(self._key + b"\n")
        self._life_line.flush()
        self.watched = psutil.Process(self._popen.pid)
        self.channel: wire.Channel | None = None
        self._ready = False

    def await_ready(self, tick: Callable[[], None]) -> None:
        """Waits for its call and its first word.

        Raises:
            TemplateFailed: If it ends before, or never calls.
        """
        if self._ready:
            return
        deadline = time.monotonic() + _START_SECONDS
        try:
            while self.channel is None:
                self._accept()
                tick()
                if self._popen.poll() is not None or time.monotonic() > deadline:
                    raise wire.Closed("it has ended, or does not call back")
            if self.channel.receive(deadline, tick) != READY:
                raise wire.WireError("its first word is not the one expected")
        except wire.WireError as error:
            said = self.printed(0)
            self.end()
            raise TemplateFailed(f"A worker did not start: {error}.\n{said}") from error
        self._ready = True

    def _accept(self) -> None:
        self._listener.settimeout(0.2)
        try:
            connection, _ = self._listener.accept()
        except TimeoutError:
            return
        connection.settimeout(5)
        with contextlib.suppress(OSError):
            key = connection.recv(len(self._key), socket.MSG_WAITALL)
            if hmac.compare_digest(key, self._key):
                self.channel = wire.Channel(connection)
                self._listener.close()
                return
        connection.close()  # somebody else on this machine

    def is_reset(self, tick: Callable[[], None]) -> bool:
        """Whether it is as good as new."""
        assert self.channel is not None
        deadline = time.monotonic() + _RESET_SECONDS
        try:
            request = wire.pack({"id": 0, "do": "reset"})
            self.channel.send_bytes(request, deadline, tick)
            return self.channel.receive(deadline, tick) == {"id": 0, "value": True}
        except wire.WireError:
            return False

    def printed(self, start: int) -> str:
        with open(self._output, "rb") as file:
            file.seek(start)
            return verdicts.readable(file.read(_PRINTED))

    def size_of_output(self) -> int:
        return self._output.stat().st_size

    def usage(self) -> verdicts.End:
        """Processor time and memory, of it and of what it has started."""
        cpu, memory = 0.0, 0
        for process in [self.watched, *self.watched.children(recursive=True)]:
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                cpu += times.user + times.system
                memory += process.memory_info().rss
        return verdicts.End(cpu=cpu, memory=memory)

    def wait(self, seconds: float) -> int | None:
        """Its exit code if it ends by itself within so many seconds."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Kills it and what it has started."""
        with contextlib.suppress(psutil.Error):
            for child in self.watched.children(recursive=True):
                child.kill()
        self._popen.kill()
        self._popen.wait()
        self._listener.close()
        if self.channel is not None:
            self.channel.close()
        with contextlib.suppress(OSError):
            self._life_line.close()


class _SpawnedWorker:
    """A process while it serves one check."""

    def __init__(self, workers: SpawnedWorkers, process: _Process, limits: Limits):
        self._workers, self._process, self._limits = workers, process, limits
        self._deadline = time.monotonic() + limits.wall_seconds
        self._start = process.size_of_output()
        self._before = process.usage()
        self._ended = False
        self._printed = ""

    def exchange(self, frame: bytes) -> bytes:
        channel = self._process.channel
        assert channel is not None
        try:
            channel.send_bytes(frame, self._deadline, self._watch)
            return channel.receive_bytes(self._deadline, self._watch)
        except wire.Late:
            self._end()
            raise verdicts.too_late(self._limits) from None
        except wire.Closed:
            status = self._process.wait(_PATIENCE)
            end = verdicts.End(status, killed=status is None)
            self._end()
            raise verdicts.why_it_ended(end, self._limits, self._printed) from None
        except wire.WireError:
            self._end()
            raise

    def _watch(self) -> None:
        """Does what the kernel's limits do elsewhere; five times a second."""
        self._workers.on_wait()
        now = self._process.usage()
        printed = self._process.size_of_output() - self._start
        failure: CheckFailed | None = None
        if now.cpu - self._before.cpu > self._limits.cpu_seconds:
            failure = verdicts.too_much_computing(self._limits)
        elif now.memory - self._before.memory > self._limits.memory:
            failure = verdicts.too_much_memory()
        elif printed > self._limits.file_size:
            failure = verdicts.too_much_printed()
        if failure is not None:
            self._end()
            raise failure

    def printed(self) -> str:
        return self._printed if self._ended else self._process.printed(self._start)

    def renew(self, limits: Limits) -> bool:
        return False  # `close` gives the process back, and `open` resets it

    def _end(self) -> None:
        if not self._ended:
            self._printed = self.printed()
            self._ended = True
            self._process.end()

    def close(self) -> None:
        if not self._ended:
            self._printed = self.printed()
            self._ended = True
            self._workers.take_back(self._process)
