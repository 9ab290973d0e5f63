"""The room the template lives in: a root folder with nothing secret, and no way out.

Two steps. `build` makes the room, where bubblewrap has not done it already; `enter`
goes into namespaces of its own and starts the template there. No submission runs here.

    python -m autograder.sandbox.enclosure [--build ROOM] -- COMMAND … CONTROL_FD
"""

import json
import os
import select
import signal
import socket
import sys
from dataclasses import asdict, dataclass, field

from autograder.sandbox import confinement, kernel

DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/dev/shm": f"{confinement.SCRATCH}/shm",
}
_NOBODY = 65534
_SCRATCH_SIZE = 64 * 2**20  # what a backend may write while it is imported
_BASE = "/tmp"  # where the new root is put together; any folder would do


@dataclass
class Room:
    """What is to be seen inside, all of it read-only.

    Attributes:
        shown: Pairs in the order of mounting: a path inside, and the file or folder
            outside that is seen there, or "" for an empty folder.
        links: Symbolic links: a path inside, and where it leads.
    """

    shown: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def build(room: Room) -> None:
    """Makes the room this process's root.

    A superuser becomes nobody on the way: the kernel lets user 0 change its settings
    below /proc/sys even when that user has lost every privilege.
    """
    superuser, user, group = os.geteuid() == 0, os.geteuid(), os.getegid()
    if superuser:
        kernel.unshare(kernel.NEW_MOUNTS)
    else:
        kernel.unshare(kernel.NEW_USER | kernel.NEW_MOUNTS)
        kernel.map_ids(0, user, group)
    kernel.keep_mounts_private()
    devices = [f"/dev/{name}" for name in DEVICES]
    sources = {source for _, source in room.shown if source} | {*devices, "/proc"}
    folders = {source for source in sources if os.path.isdir(source)}
    trees = {source: kernel.tree(source) for source in sources}  # before any is covered
    kernel.mount("tmpfs", _BASE, kernel.NO_SUID | kernel.NO_DEVICES, "mode=755")
    for path, source in room.shown:
        _make_place(path, folder=not source or source in folders)
        if source:
            kernel.show(trees[source], _BASE + path)
        else:
            kernel.mount("tmpfs", _BASE + path, kernel.NO_SUID, "mode=755")
    for path, target in {**LINKS, **room.links}.items():
        os.makedirs(os.path.dirname(_BASE + path), exist_ok=True)
        os.symlink(target, _BASE + path)
    for path in (*devices, "/proc", confinement.SCRATCH):
        _make_place(path, folder=path not in devices)
    kernel.make_read_only(_BASE)
    for path in (*devices, "/proc"):
        kernel.show(trees[path], _BASE + path)
    kernel.change_root(_BASE)
    if superuser:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        kernel.own_proc_entry()


def _make_place(path: str, folder: bool) -> None:
    """An empty file or folder in the new root, for something to be mounted on."""
    if folder:
        os.makedirs(_BASE + path, exist_ok=True)
    elif not os.path.exists(_BASE + path):
        os.makedirs(os.path.dirname(_BASE + path), exist_ok=True)
        open(_BASE + path, "x").close()


def enter(command: list[str]) -> int:
    """Runs the template in namespaces of its own until it or the grader ends.

    Args:
        command: The template's; its last word is the control descriptor.

    Returns:
        The template's exit code, or 128 and the signal that ended it.
    """
    user, group = os.geteuid(), os.getegid()
    kernel.gain_no_privileges()
    kernel.unshare(
        kernel.NEW_USER
        | kernel.NEW_PIDS
        | kernel.NEW_MOUNTS
        | kernel.NEW_NETWORK
        | kernel.NEW_IPC
        | kernel.NEW_NAMES
        | kernel.NEW_CGROUP
    )
    kernel.map_ids(0, user, group)
    template = os.fork()
    if template == 0:
        _start(command)
    return _watch(template, control=int(command[-1]))


def _start(command: list[str]) -> None:
    kernel.die_with_parent(signal.SIGKILL)
    socket.sethostname("layerwise")
    inert = kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC
    kernel.mount("proc", "/proc", inert)
    confinement.mount_scratch(_SCRATCH_SIZE)
    os.execv(command[0], command)


def _watch(template: int, control: int) -> int:
    """Waits; when the grader is gone, nothing here outlives it."""
    ends = select.poll()
    ends.register(control, 0)  # a hang-up is always told
    ends.register(os.pidfd_open(template), select.POLLIN)
    if control in dict(ends.poll()):
        os.kill(template, signal.SIGKILL)  # the kernel ends its whole pid namespace
    status = os.waitstatus_to_exitcode(os.waitpid(template, 0)[1])
    return status if status >= 0 else 128 - status


def main() -> None:
    own, command = _split(sys.argv[1:])
    try:
        if own:
            plan = json.loads(own[1])
            build(Room([tuple(pair) for pair in plan["shown"]], plan["links"]))
        sys.exit(enter(command))
    except OSError as error:
        sys.exit(f"The sandbox can't be made: {error}")


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    middle = arguments.index("--")
    return arguments[:middle], arguments[middle + 1 :]


if __name__ == "__main__":
    main()
