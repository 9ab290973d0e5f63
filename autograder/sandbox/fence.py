"""Workers behind Landlock and a wider filter of calls, where namespaces are refused.

They share processes, users and file systems with the machine: what `confinement` hides,
this forbids. Landlock says which files may be opened, libseccomp refuses the calls that
reach other processes or change what files are called, owned and allowed to; a worker
can't start processes. Needs Linux 6.2, whose Landlock also guards against emptying a
file, and the package `landlock`.

    python -m autograder.sandbox.fence READABLE     tries it; READABLE as in `Fence`
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading

from landlock import FSAccess, LandlockError, Ruleset, landlock_abi_version

from autograder.sandbox import kernel, limits
from autograder.sandbox.syscalls import Filter

_OLDEST = 3  # Landlock's version in Linux 6.2
_READ = FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE
_READ_FILE = FSAccess.READ_FILE | FSAccess.EXECUTE
_SCRATCH = (
    FSAccess.READ_FILE
    | FSAccess.READ_DIR
    | FSAccess.WRITE_FILE
    | FSAccess.TRUNCATE
    | FSAccess.MAKE_REG
    | FSAccess.MAKE_DIR
    | FSAccess.MAKE_SYM
    | FSAccess.MAKE_FIFO
    | FSAccess.REMOVE_FILE
    | FSAccess.REMOVE_DIR
    | FSAccess.REFER
)
_SINKS = ("/dev/null",)
_OTHER_FILES = ("/dev/zero", "/dev/urandom", "/dev/random", "/proc/cpuinfo")
_OF_ITSELF = ("cmdline", "status", "stat", "statm", "maps")  # below /proc/self
_HOMES = ("HOME", "TMPDIR", "KERAS_HOME", "MPLCONFIGDIR")


class Fence:
    """Forks workers and confines them, like `confinement.Nursery`.

    Args:
        readable: Files and folders that a worker may read, and the folders of which it
            may see the names alone, as `{"read": […], "list": […]}`.

    Raises:
        OSError: If this machine can't give it.
    """

    def __init__(self, readable: dict[str, list[str]]):
        self._readable = readable
        self._superuser = os.geteuid() == 0
        if (version := landlock_version()) < _OLDEST:
            raise OSError(f"Landlock here is version {version}; {_OLDEST} is needed")
        self._filter = Filter()
        self._filter.fence_in()
        self._processes = limits.processes_of_this_user() + limits.ROOM_FOR_OTHERS
        self._base = tempfile.mkdtemp(prefix="layerwise-")
        self._next = os.path.join(self._base, "template")
        self._folders: dict[int, str] = {}  # by worker
        self._move_in()

    def fork(self) -> int:
        """Like `os.fork`."""
        self._next = tempfile.mkdtemp(dir=self._base)
        try:
            child = os.fork()
        except OSError:
            os.rmdir(self._next)
            raise
        if child:
            self._folders[child] = self._next
        return child

    def confine(self, bounds: limits.Limits) -> None:
        """In a child: keeps it from everything but its open descriptors, for good.

        Raises:
            OSError: If the kernel refuses any of it; the child must then end.
        """
        self._move_in()
        limits.die_first_when_memory_is_short()
        limits.limit_processes(self._processes + bounds.processes)
        if self._superuser:
            kernel.drop_capabilities()
        kernel.gain_no_privileges()
        self._rules().apply()
        self._filter.signals_reach_only(os.getpid())
        self._filter.apply()

    def clear(self, child: int) -> None:
        """Removes what an ended worker has left."""
        _remove(self._folders.pop(child))

    def close(self) -> None:
        """Removes what the template itself has written."""
        _remove(self._base)

    def _move_in(self) -> None:
        """Temporary files and settings go to a folder of this process's own."""
        os.makedirs(self._next, exist_ok=True)
        os.environ.update(dict.fromkeys(_HOMES, self._next))
        tempfile.tempdir = None
        os.chdir(self._next)

    def _rules(self) -> Ruleset:
        ctypes.set_errno(0)  # the package takes an older error for its own
        rules = Ruleset()
        for path in self._readable["read"]:
            if os.path.exists(path):
                rules.allow(path, rules=_READ if os.path.isdir(path) else _READ_FILE)
        rules.allow(*self._readable["list"], rules=FSAccess.READ_DIR)
        rules.allow(*_SINKS, rules=FSAccess.READ_FILE | FSAccess.WRITE_FILE)
        rules.allow(*_OTHER_FILES, rules=FSAccess.READ_FILE)
        own = [f"/proc/self/{name}" for name in _OF_ITSELF]
        rules.allow(*own, rules=FSAccess.READ_FILE)
        rules.allow("/proc/self", rules=FSAccess.READ_DIR)
        rules.allow(self._next, rules=_SCRATCH)
        return rules


def landlock_version() -> int:
    """Landlock's version in this kernel; 0 for none."""
    ctypes.set_errno(0)
    try:
        return landlock_abi_version()
    except LandlockError:
        return 0


def _remove(folder: str) -> None:
    """Removes a folder, whatever its depth and its permissions."""
    try:
        os.rmdir(folder)  # empty, as a rule
    except OSError:
        subprocess.run(["chmod", "-R", "u+rwX", folder])
        subprocess.run(["rm", "-rf", folder])  # what it can't remove is in the log


def trial(readable: dict[str, list[str]]) -> None:
    """Confines a child and has it try the fence.

    Raises:
        OSError: Why there is none.
    """
    fence = Fence(readable)
    reader, writer = os.pipe()
    child = fence.fork()
    if child == 0:
        try:
            fence.confine(limits.Limits())
            _try_it()
        except BaseException as error:
            os.write(writer, str(error).encode()[:1000])
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    fence.clear(child)
    fence.close()
    with open(reader) as file:
        if complaint := file.read():
            raise OSError(complaint)


def _try_it() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()  # an error if this user's threads are counted elsewhere too
    thread.join()
    open("own", "w").close()
    os.remove("own")
    for forbidden in (
        lambda: os.listdir("/"),
        os.fork,
        lambda: os.kill(os.getppid(), 0),
    ):
        try:
            forbidden()
        except PermissionError:
            continue
        raise OSError("the kernel does not keep what it has promised")


if __name__ == "__main__":
    try:
        trial(json.loads(sys.argv[1]))
    except (OSError, RuntimeError) as error:
        sys.exit(f"The fence can't be made: {error}")
