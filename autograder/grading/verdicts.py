"""What a worker's end means for the check that it served."""

import re
import signal
from dataclasses import dataclass

from autograder.grading.outcome import CheckFailed
from autograder.sandbox.limits import Limits

_KILLED, _CPU_LIMIT = -9, -24  # SIGKILL, SIGXCPU: Windows has no names for them
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and new line
_NO_MEMORY = ("bad_alloc", "MemoryError", "can't allocate memory", "Cannot allocate")


@dataclass(frozen=True)
class End:
    """How a worker ended, as the template saw it.

    Attributes:
        status: Its exit code, or minus the signal; None if nobody knows.
        killed: Whether it had to be killed, since it went on after hanging up.
        cpu: Processor seconds that it used.
        memory: The most memory it held at once, in bytes.
    """

    status: int | None = None
    killed: bool = False
    cpu: float = 0.0
    memory: int = 0


def readable(output: bytes) -> str:
    """What was printed, without the characters that command a terminal."""
    text = output.decode(errors="replace").replace("\r\n", "\n")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def too_late(limits: Limits) -> CheckFailed:
    """Nothing came in time."""
    return CheckFailed(
        "timed_out",
        f"No answer within {limits.wall_seconds:g} s.",
        explanation="Is there a loop that never ends, or one that waits?",
    )


def too_much_computing(limits: Limits) -> CheckFailed:
    """The processor time is used up."""
    return CheckFailed(
        "timed_out",
        f"Stopped after {limits.cpu_seconds:g} s of computing.",
        explanation="Is there a loop that never ends, or one over every element?",
    )


def too_much_memory() -> CheckFailed:
    """There was no memory left, for it or for the machine."""
    return CheckFailed("out_of_memory", "The process ran out of memory.")


def too_much_printed() -> CheckFailed:
    """The output grew past the limit."""
    return CheckFailed(
        "raised", "OSError: more was printed or written than a check may"
    )


def why_it_ended(end: End, limits: Limits, printed: str) -> CheckFailed:
    """The worker is gone in the middle of a check."""
    if end.killed:
        return CheckFailed("protocol_error", "It hung up on the grader and went on.")
    status = _KILLED if end.status is None else end.status
    if status == _CPU_LIMIT or (status == _KILLED and end.cpu >= limits.cpu_seconds):
        return too_much_computing(limits)
    if status < 0 and any(text in printed for text in _NO_MEMORY):
        return too_much_memory()
    if status == _KILLED:  # by the kernel, as a rule, when the machine has no memory
        return too_much_memory()
    if status < 0:
        return CheckFailed("exited", f"The process crashed ({_name(-status)}).")
    return CheckFailed("exited", f"The process ended itself (exit code {status}).")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
