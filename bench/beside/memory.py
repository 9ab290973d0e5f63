"""The most memory that a pass needs beyond what was there before it.

The peak of the process's resident set, which Linux forgets on request (`clear_refs`).
Both backends take their arrays from the C library's `malloc`. While memory is measured,
it is made to map every array by itself and to return it at once; otherwise a pass
would be given what an earlier one has left behind, and seem to need nothing.
"""

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # the names of mallopt's settings in malloc.h
_USUAL = 32 * 2**20  # where glibc's own threshold ends up after large arrays


def can_be_measured() -> bool:
    """On Linux with the GNU C library."""
    return FORGET.exists() and hasattr(ctypes.CDLL(None), "mallopt")


def peak(function: Callable[[], Any]) -> int:
    """Bytes that a call needs at most, beyond what was there; the call is a warm one."""
    with _every_array_by_itself():
        function()
        ctypes.CDLL(None).malloc_trim(0)
        FORGET.write_text("5")
        before = _kilobytes("VmRSS")
        function()
        return max(0, _kilobytes("VmHWM") - before) * 1024


def resident() -> int:
    """Bytes of memory that the process has now."""
    return _kilobytes("VmRSS") * 1024


@contextlib.contextmanager
def _every_array_by_itself() -> Iterator[None]:
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_THRESHOLD, 64 * 1024)
    library.mallopt(_TRIM_THRESHOLD, 64 * 1024)
    try:
        yield
    finally:
        settle()


def settle() -> None:
    """The same thresholds from the first pass to the last: glibc's move as it runs."""
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_THRESHOLD, _USUAL)
    library.mallopt(_TRIM_THRESHOLD, 2 * _USUAL)


def _kilobytes(name: str) -> int:
    for line in STATUS.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise LookupError(f"{STATUS} has no {name}.")
