"""One worker: a process forked from the template that serves one check."""

import os
import signal
import socket

from autograder.sandbox import limits, wire
from autograder.sandbox.interpreter import Interpreter


def main(channel_fd: int, output_fd: int, bounds: limits.Limits) -> None:
    """Serves requests until the grader hangs up. Never returns.

    Args:
        channel_fd: The worker's end of the connection to the grader.
        output_fd: Where everything that the submission prints goes.
        bounds: The limits of the check.
    """
    _keep_only(channel_fd, output_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    limits.apply(bounds)
    _warm_up()
    serve(wire.Channel(socket.socket(fileno=channel_fd)))
    os._exit(0)


def serve(channel: wire.Channel) -> None:
    """Answers requests in order until the connection ends."""
    interpreter = Interpreter()
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


def _warm_up() -> None:
    """Runs one small operation: TensorFlow sets up its runtime on the first."""
    import keras

    keras.ops.convert_to_numpy(keras.ops.ones((2, 2)) + 1.0)
