"""What the sandbox asks of Linux, one thin function a call; see the manual's section 2.

Python 3.11 has neither `unshare` nor `mount`, so they are reached through libc.
"""

import ctypes
import functools
import os
import platform

# Namespaces, for `unshare` and `setns`.
NEW_MOUNTS, NEW_CGROUP, NEW_NAMES = 0x00020000, 0x02000000, 0x04000000
NEW_IPC, NEW_USER, NEW_PIDS, NEW_NETWORK = 0x08000000, 0x10000000, 0x20000000, 1 << 30

# Mounts.
NO_SUID, NO_DEVICES, NO_EXEC = 2, 4, 8
_RECURSIVE, _PRIVATE, _DETACH = 16384, 1 << 18, 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_TREE_CLONE, _MOVE_FROM_DESCRIPTOR = 1, 4
_READ_ONLY = 1

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_CAPABILITY_VERSION_3 = 0x20080522

# Numbers of calls that libc may not wrap. From 424 on they are the same everywhere.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203}


class _MountAttributes(ctypes.Structure):
    _fields_ = [
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    ]


def known_machine() -> bool:
    """Whether the numbers above are known for this processor."""
    return platform.machine() in _PIVOT_ROOT


def unshare(namespaces: int) -> None:
    """Gives this process (its children, for pids) namespaces of their own."""
    _call("unshare", ctypes.c_int(namespaces))


def return_to(namespace: int, kind: int) -> None:
    """Joins the namespace that a descriptor stands for."""
    _call("setns", ctypes.c_int(namespace), ctypes.c_int(kind))


def keep_mounts_private() -> None:
    """What is mounted from here on is not seen by other mount namespaces."""
    _mount("none", "/", "", _RECURSIVE | _PRIVATE, "")


def mount(kind: str, where: str, flags: int, options: str = "") -> None:
    """Mounts a fresh file system."""
    _mount(kind, where, kind, flags, options)


def _mount(source: str, where: str, kind: str, flags: int, options: str) -> None:
    names = [text.encode() or None for text in (source, where, kind)]
    _call("mount", *names, ctypes.c_ulong(flags), options.encode() or None, about=where)


def tree(path: str) -> int:
    """A descriptor of `path` and all that is mounted below it, to be shown elsewhere."""
    flags = _TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return _syscall(_OPEN_TREE, _AT_FDCWD, path.encode(), flags, about=path)


def show(tree: int, where: str) -> None:
    """Mounts what `tree` has given."""
    arguments = (tree, b"", _AT_FDCWD, where.encode(), _MOVE_FROM_DESCRIPTOR)
    _syscall(_MOVE_MOUNT, *arguments, about=where)
    os.close(tree)


def make_read_only(where: str) -> None:
    """Forbids writing, devices and set-user-ID at `where` and on every mount below."""
    attributes = _MountAttributes(set=_READ_ONLY | NO_SUID | NO_DEVICES)
    size = ctypes.sizeof(attributes)
    pointer = ctypes.byref(attributes)
    _syscall(
        _MOUNT_SETATTR,
        *(_AT_FDCWD, where.encode(), _AT_RECURSIVE, pointer, size),
        about=where,
    )


def change_root(where: str) -> None:
    """Makes the mount at `where` the root and lets go of the old one."""
    os.chdir(where)
    _syscall(_PIVOT_ROOT[platform.machine()], b".", b".", about=where)
    _call("umount2", b".", ctypes.c_int(_DETACH))
    os.chdir("/")


def map_ids(inside: int, outside_user: int, outside_group: int) -> None:
    """In a new user namespace: says which one user and group exist here.

    Args:
        inside: What they are called in here.
        outside_user: This process's user in the namespace around.
        outside_group: Its group.
    """
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {outside_user} 1"),
        ("gid_map", f"{inside} {outside_group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def die_with_parent(signal: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal)


def adopt_orphans() -> None:
    """Descendants whose parents end become this process's children."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def own_proc_entry() -> None:
    """After a change of user: /proc/self belongs to the new one."""
    _prctl(_PR_SET_DUMPABLE, 1)


def gain_no_privileges() -> None:
    """No program started from here on has more rights than its starter."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Gives up every privilege of the superuser, for good."""
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            if capability == 0:
                raise
            break  # the kernel has no more of them
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _call("capset", header, none)


def _prctl(option: int, value: int) -> None:
    arguments = (ctypes.c_ulong(n) for n in (value, 0, 0, 0))
    _call("prctl", ctypes.c_int(option), *arguments, about=f"prctl {option}")


def _syscall(number: int, *arguments, about: str) -> int:
    wide = (ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)
    return _call("syscall", ctypes.c_long(number), *wide, about=about)


def _call(name: str, *arguments, about: str = "") -> int:
    result = getattr(_libc(), name)(*arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}", about or None)
    return result


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
