"""The template: Keras and one backend imported, no operation run, nothing secret.

It forks a worker for each check, which costs milliseconds where starting Python and
importing Keras costs seconds. It never runs a submission's code itself, so what it
says about a worker's end can be believed.

Started as `python -m autograder.sandbox.template CONTROL_FD`. On the control socket
come single-line JSON orders, each with a token that names the worker:

    {"do": "spawn", "token": 7, "limits": {…}}   + two descriptors: channel, output
    {"do": "stop", "token": 7}                   → {"token": 7, "status": -9}
    {"do": "forget", "token": 7}                 the same, without an answer
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from autograder.sandbox import backend, worker
from autograder.sandbox.limits import Limits

_MESSAGE = 4096  # bytes of an order, at most
_PR_SET_CHILD_SUBREAPER = 36


class Template:
    """Forks workers and stops them.

    Args:
        control: The connection to the grader.
    """

    def __init__(self, control: socket.socket):
        self.control = control
        self.workers: dict[int, int] = {}  # token → pid

    def serve(self) -> None:
        """Carries out orders until the grader hangs up, then stops every worker."""
        try:
            while order := self._next_order():
                getattr(self, "_" + order.pop("do"))(**order)
        finally:
            for token in list(self.workers):
                self._end(token)

    def _next_order(self) -> dict[str, Any] | None:
        data, descriptors, _, _ = socket.recv_fds(self.control, _MESSAGE, 2)
        if not data:
            return None
        order = json.loads(data)
        if descriptors:
            order["descriptors"] = descriptors
        return order

    def _spawn(self, token: int, limits: dict, descriptors: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                worker.main(*descriptors, Limits(**limits))
            finally:
                os._exit(70)
        self.workers[token] = pid
        for descriptor in descriptors:
            os.close(descriptor)

    def _stop(self, token: int) -> None:
        answer = {"token": token, "status": self._end(token)}
        self.control.send(json.dumps(answer).encode())

    def _forget(self, token: int) -> None:
        self._end(token)

    def _end(self, token: int) -> int:
        """Kills a worker and what it started; its exit code, or minus the signal."""
        pid = self.workers.pop(token)
        ended, status = os.waitpid(pid, os.WNOHANG)
        for kill, target in ((os.killpg, pid), (os.kill, pid)):
            try:
                kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # already gone
        if not ended:
            _, status = os.waitpid(pid, 0)
        _kill_strays(set(self.workers.values()))
        return os.waitstatus_to_exitcode(status)


def _kill_strays(known: set[int]) -> None:
    """Ends orphans that left their worker's process group and fell to the template."""
    path = f"/proc/self/task/{os.getpid()}/children"
    while os.path.exists(path):
        with open(path) as file:
            strays = {int(pid) for pid in file.read().split()} - known
        if not strays:
            return
        for pid in strays:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    backend.settle()
    import keras  # noqa: F401  (the import is the point)

    import course.autodiff
    import course.parts  # noqa: F401

    _adopt_orphans()
    gc.collect()
    gc.freeze()  # the collector must not touch, and so copy, the shared pages
    control.send(json.dumps({"ready": os.getpid()}).encode())
    Template(control).serve()


if __name__ == "__main__":
    main()
