"""Each worker's own namespaces, so that no two submissions ever meet.

The template has the privileges for this inside its own user namespace (see
`enclosure`); a worker gives them up before it reads its first request.
"""

import os

from autograder.sandbox import kernel, limits
from autograder.sandbox.syscalls import Filter

USER = 1000  # what a worker's user is called inside
SCRATCH = "/scratch"
_FOLDERS = ("home", "keras", "shm")  # /dev/shm leads to the last
_MAX_FILES = 10_000
_INERT = kernel.NO_SUID | kernel.NO_DEVICES


class Nursery:
    """Forks children, each of which is the first process of a pid namespace.

    Whatever such a child starts is in its namespace too and ends with it.
    """

    def __init__(self) -> None:
        self._home = os.open("/proc/self/ns/pid", os.O_RDONLY)
        self._filter = Filter()

    def fork(self) -> int:
        """Like `os.fork`."""
        kernel.unshare(kernel.NEW_PIDS)  # concerns children only
        try:
            child = os.fork()
        except OSError:
            kernel.return_to(self._home, kernel.NEW_PIDS)
            raise
        if child:
            kernel.return_to(self._home, kernel.NEW_PIDS)
        return child

    def confine(self, bounds: limits.Limits) -> None:
        """In a child: cuts it off from everything but its open descriptors, for good.

        Raises:
            OSError: If the kernel refuses any of it; the child must then end.
        """
        kernel.unshare(
            kernel.NEW_MOUNTS
            | kernel.NEW_NETWORK
            | kernel.NEW_IPC
            | kernel.NEW_NAMES
            | kernel.NEW_CGROUP
        )
        settings = os.open("/proc/sys", os.O_RDONLY)
        kernel.mount("proc", "/proc", _INERT | kernel.NO_EXEC, "subset=pid")
        mount_scratch(bounds.folder)
        kernel.unshare(kernel.NEW_USER)
        kernel.map_ids(USER, 0, 0)
        _forbid_namespaces(settings)
        os.close(settings)
        limits.limit_processes(bounds.processes)
        limits.die_first_when_memory_is_short()
        kernel.drop_capabilities()
        kernel.gain_no_privileges()
        self._filter.apply()

    def clear(self, child: int) -> None:
        """What a child leaves is gone with its mounts."""

    def close(self) -> None:
        """Nothing is left of the template either."""


def mount_scratch(size: int) -> None:
    """A fresh folder for temporary files, bounded in bytes and in files."""
    options = f"size={size},nr_inodes={_MAX_FILES},mode=700"
    kernel.mount("tmpfs", SCRATCH, _INERT, options)
    for name in _FOLDERS:
        os.mkdir(f"{SCRATCH}/{name}")
    os.chdir(SCRATCH)


def _forbid_namespaces(settings: int) -> None:
    """No user namespace, the door to all privileges, can be made inside this one."""
    name = "user/max_user_namespaces"
    file = os.open(name, os.O_WRONLY, dir_fd=settings)
    try:
        os.write(file, b"0")
    finally:
        os.close(file)


def trial() -> None:
    """Confines a child that does nothing, to see whether it can be done here.

    Raises:
        OSError: Why it can't.
    """
    reader, writer = os.pipe()
    child = (nursery := Nursery()).fork()
    if child == 0:
        try:
            nursery.confine(limits.Limits())
        except BaseException as error:
            os.write(writer, str(error).encode()[:1000])
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader) as file:
        if complaint := file.read():
            raise OSError(complaint)


if __name__ == "__main__":
    trial()
