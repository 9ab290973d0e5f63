"""The template: Keras and one backend imported, no operation run, nothing secret.

It forks a worker for each check, which costs milliseconds where starting Python and
importing Keras costs seconds. It never runs a submission's code itself, so what it
says about a worker's end can be believed.

Started as `python -m autograder.sandbox.template [HOW] CONTROL_FD`. With `--enclosed`
(see `enclosure`) each worker gets namespaces of its own, with `--fenced READABLE` (see
`fence`) it is kept by Landlock. On the control socket come single-line JSON orders, each
with a token that names the worker:

    {"do": "spawn", "token": 7, "limits": {…}}   + two descriptors: channel, output
    {"do": "stop", "token": 7, "patience": 0.2}  → {"token": 7, "status": -9, …}
    {"do": "forget", "token": 7}                 the same, without an answer
"""

import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
from typing import Any

from autograder.sandbox import backend, loading, pages, worker
from autograder.sandbox.limits import Limits
from autograder.sandbox.traces import Traces

_MESSAGE = 4096  # bytes of an order, at most


class Template:
    """Forks workers and stops them.

    Args:
        control: The connection to the grader.
        traces: Of what is here before the first submission.
        nursery: A `confinement.Nursery` or `fence.Fence` that forks and confines
            workers; None for workers with limits alone.
    """

    def __init__(self, control: socket.socket, traces: Traces, nursery: Any = None):
        self.control, self.traces, self.nursery = control, traces, nursery
        self.workers: dict[int, int] = {}  # token → pid

    def serve(self) -> None:
        """Carries out orders until the grader hangs up, then stops every worker."""
        try:
            while order := self._next_order():
                getattr(self, "_" + order.pop("do"))(**order)
        except OSError as error:
            print(f"The connection to the grader broke: {error}", file=sys.stderr)
        finally:
            for token in list(self.workers):
                self._end(token)
            if self.nursery:
                self.nursery.close()

    def _next_order(self) -> dict[str, Any] | None:
        data, descriptors, _, _ = socket.recv_fds(self.control, _MESSAGE, 2)
        if not data:
            return None
        order = json.loads(data)
        if descriptors:
            order["descriptors"] = descriptors
        return order

    def _spawn(self, token: int, limits: dict, descriptors: list[int]) -> None:
        try:
            pid = self.nursery.fork() if self.nursery else os.fork()
        except OSError as error:  # too many processes, no memory: the grader is told
            print(f"No worker could be started: {error}", file=sys.stderr)
            pid = -1  # by the end of the channel
        if pid == 0:
            try:
                os.setsid()
                channel, output = descriptors
                bounds = Limits(**limits)
                worker.main(channel, output, bounds, self.traces, self.nursery)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(worker.BROKEN)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid > 0:
            self.workers[token] = pid

    def _stop(self, token: int, patience: float) -> None:
        answer = {"token": token, **self._end(token, patience)}
        self.control.send(json.dumps(answer).encode())

    def _forget(self, token: int) -> None:
        self._end(token)

    def _end(self, token: int, patience: float = 0) -> dict[str, Any]:
        """Kills a worker and what it started.

        Args:
            token: Which one.
            patience: Seconds in which it may end by itself.

        Returns:
            Its exit code, or minus the signal; whether it had to be killed; the
            processor seconds and the bytes of memory that it has used.
        """
        pid = self.workers.pop(token, None)
        if pid is None:
            return {"status": None, "killed": False, "cpu": 0.0, "memory": 0}
        status, usage = _wait(pid, patience)
        killed = status is None
        for kill, target in ((os.killpg, pid), (os.kill, pid)):
            try:
                kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # already gone
        if status is None:
            _, status, usage = os.wait4(pid, 0)
        _kill_strays(set(self.workers.values()))
        if self.nursery:
            self.nursery.clear(pid)
        return {
            "status": os.waitstatus_to_exitcode(status),
            "killed": killed,
            "cpu": usage.ru_utime + usage.ru_stime,
            "memory": usage.ru_maxrss * 1024,
        }


def _wait(pid: int, patience: float) -> tuple[int | None, Any]:
    """The status and usage of a child that ends within `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage
        if time.monotonic() >= deadline:
            return None, None
        time.sleep(0.002)


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
        for pid in strays:
            os.waitpid(pid, 0)


def _prepare_for_workers(how: list[str]) -> Any:
    """Finds out, before the seconds that Keras takes, whether workers can be had."""
    if how == ["--enclosed"]:
        from autograder.sandbox import confinement

        confinement.trial()
        return confinement.Nursery()
    if sys.platform == "linux":
        from autograder.sandbox import kernel

        kernel.adopt_orphans()
    if how:
        from autograder.sandbox.fence import Fence

        return Fence(json.loads(how[1]))
    return None


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[-1]))
    nursery = _prepare_for_workers(sys.argv[1:-1])
    backend.settle()
    backend.import_keras()
    import matplotlib.pyplot  # noqa: F401  (files of students often do; it takes a second)

    import course.autodiff
    import course.parts  # noqa: F401
    from course import syllabus

    backend.look_at_processor()
    for exercise in syllabus.exercises():
        loading.plan_for(exercise.forbidden)
    traces = Traces()
    gc.collect()
    gc.freeze()  # the collector must not touch, and so copy, the shared pages
    pages.enlarge()
    control.send(json.dumps({"ready": os.getpid()}).encode())
    Template(control, traces, nursery).serve()


if __name__ == "__main__":
    main()
