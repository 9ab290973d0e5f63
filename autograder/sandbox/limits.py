"""What one worker may use: processor time, memory, processes, files."""

import contextlib
import os
from dataclasses import asdict, dataclass

try:
    import resource
except ImportError:  # Windows: `grading.spawned` watches its workers instead
    resource = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Limits:
    """Limits of one check.

    Attributes:
        cpu_seconds: Processor time; the kernel stops the worker after it.
        wall_seconds: Elapsed time; the grader stops the worker after it.
        memory: Bytes of address space on top of what the template has.
        file_size: Bytes of the largest file, and of what the check may print.
        folder: Bytes of all temporary files (where the worker has its own folder).
        processes: Processes and threads of the worker, itself included, beside those
            that libraries start for each core (where the worker has its own user).
        open_files: Open descriptors.
    """

    cpu_seconds: float = 10
    wall_seconds: float = 30
    memory: int = 2 * 2**30
    file_size: int = 64 * 2**20
    folder: int = 256 * 2**20
    processes: int = 64
    open_files: int = 256

    def as_dict(self) -> dict:
        return asdict(self)


def apply(limits: Limits) -> None:
    """Lowers this process's resource limits for good."""
    if resource is None:
        return
    cpu = max(1, round(limits.cpu_seconds))
    used = int(sum(os.times()[:2]))
    _lower(resource.RLIMIT_CPU, used + cpu, used + cpu + 1)
    _lower(resource.RLIMIT_AS, _address_space() + limits.memory)
    _lower(resource.RLIMIT_FSIZE, limits.file_size)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    _lower(resource.RLIMIT_CORE, 0)


def limit_processes(count: int) -> None:
    """Bounds the processes and threads of this user (the worker's own, as a rule)."""
    _lower(resource.RLIMIT_NPROC, count + _FOR_EACH_CORE * (os.cpu_count() or 1))


def processes_of_this_user() -> int:
    """How many processes and threads this user has, as far as /proc shows them."""
    count, user = 0, os.geteuid()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def die_first_when_memory_is_short() -> None:
    """Tells Linux to end this process and what it starts before any other."""
    with contextlib.suppress(FileNotFoundError), open(_OOM, "w") as file:
        file.write("1000")


ROOM_FOR_OTHERS = 1024  # threads that the same user may start meanwhile, elsewhere
_FOR_EACH_CORE = 16  # threads; TensorFlow's XLA starts about ten
_OOM = "/proc/self/oom_score_adj"


def _lower(which: int, soft: int, hard: int | None = None) -> None:
    ceiling = resource.getrlimit(which)[1]
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _address_space() -> int:
    """Bytes mapped now; 0 where /proc does not say (macOS)."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return 16 * 2**30
