"""One worker: a process that serves one check, or several of one submission.

Forked from the template, it begins in `main`. Elsewhere (see `grading.spawned`) it is
started as `python -m autograder.sandbox.worker PORT` and calls back.
"""

import gc
import io
import os
import signal
import socket
import sys
import threading
from typing import Any

from autograder.sandbox import backend, limits, operations, wire
from autograder.sandbox.interpreter import Interpreter
from autograder.sandbox.traces import Traces

READY = {"ready": True}  # a worker's first word, before it has seen a submission
BROKEN = 70  # the exit code of a worker that could not do its work


def main(
    channel_fd: int,
    output_fd: int,
    bounds: limits.Limits,
    traces: Traces,
    nursery: Any = None,
) -> None:
    """Serves requests until the grader hangs up. Never returns.

    Args:
        channel_fd: The worker's end of the connection to the grader.
        output_fd: Where everything that the submission prints goes.
        bounds: The limits of the check.
        traces: Those of the template.
        nursery: A `confinement.Nursery` that cuts the worker off; None for limits
            alone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    if nursery is not None:
        nursery.confine(bounds)
    _keep_only(channel_fd, output_fd)
    limits.apply(bounds)
    _warm_up()
    traces.look_again()
    channel = wire.Channel(socket.socket(fileno=channel_fd))
    channel.send(READY)
    serve(channel, traces)
    os._exit(0)


def serve(channel: wire.Channel, traces: Traces) -> None:
    """Answers requests in order until the connection ends."""
    interpreter = Interpreter(traces)
    while True:
        try:
            frame = channel.receive_bytes()
        except wire.Closed:
            return
        channel.send_bytes(interpreter.handle(frame))


def _keep_only(channel_fd: int, output_fd: int) -> None:
    """Standard streams lead to the output file; every other descriptor is closed."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    low, high = 3, os.sysconf("SC_OPEN_MAX")
    os.closerange(low, channel_fd)
    os.closerange(channel_fd + 1, min(high, 4096))
    _print_at_once()


def _print_at_once() -> None:
    """What was printed before a crash is not lost, nor are odd characters an error."""
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=True, errors="replace")


def _warm_up() -> None:
    """Does once, while nobody waits, what takes longer the first time.

    The backends set up their runtime, generators and kernels on first use.
    """
    import keras

    operations.seed(0)
    layer = keras.layers.Dense(2, name="warm_up")  # named, or the next is dense_1
    keras.ops.convert_to_numpy(layer(keras.ops.ones((2, 2))))


def call_back() -> None:
    """Connects to the grader that has started this process, and serves it."""
    _print_at_once()
    key = sys.stdin.buffer.readline().strip()
    life_line = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=_end_with, args=[life_line], daemon=True).start()
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    connection.sendall(key)
    backend.settle()
    backend.import_keras()
    import course.autodiff
    import course.parts  # noqa: F401

    _warm_up()
    traces = Traces()
    gc.collect()
    gc.freeze()  # Keras collects at each reset
    channel = wire.Channel(connection)
    channel.send(READY)
    serve(channel, traces)


def _end_with(life_line: int) -> None:
    """Ends this process when the grader, who holds the other end, is no more."""
    os.read(life_line, 1)
    os._exit(0)


if __name__ == "__main__":
    call_back()
