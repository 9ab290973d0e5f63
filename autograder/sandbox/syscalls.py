"""The system calls that a submission has no use for are refused, through libseccomp.

Three kinds: those that take memory past the limit on address space, those that reach
out of the sandbox, and those in which holes of the kernel have been found.
"""

import ctypes
import errno
import socket
from collections.abc import Iterable

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NOT_EQUAL, _EQUAL, _MASKED_EQUAL = 1, 4, 7

_MEMORY = "memfd_create memfd_secret shmget msgget semget mq_open"
_OUT = (
    "unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick "
    "open_tree open_tree_attr move_mount mount_setattr statmount listmount "
    "name_to_handle_at open_by_handle_at ptrace process_vm_readv process_vm_writev "
    "process_madvise process_mrelease pidfd_getfd kcmp add_key request_key keyctl "
    "quotactl quotactl_fd acct swapon swapoff reboot kexec_load kexec_file_load "
    "init_module finit_module delete_module iopl ioperm settimeofday clock_settime "
    "clock_adjtime adjtimex syslog"
)
_HOLES = (
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register "
    "fanotify_init lookup_dcookie modify_ldt vmsplice personality"
)

# What reaches others when processes, owners of files and IPC are the whole machine's.
_OF_OTHERS = (
    "fork vfork tkill pidfd_open pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo "
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes "
    "utimensat futimesat setxattr lsetxattr fsetxattr setxattrat removexattr "
    "lremovexattr fremovexattr removexattrat file_setattr inotify_init inotify_init1 "
    "setpriority ioprio_set migrate_pages move_pages shmat shmctl shmdt msgsnd msgrcv "
    "msgctl semop semtimedop semctl mq_unlink vhangup"
)
_FOR_ITSELF_ONLY = (  # their first argument names a process; 0 is the caller
    "prlimit64 sched_setaffinity sched_setscheduler sched_setparam sched_setattr"
)
_OWNERS_OF_SIGNALS = {"fcntl": (8, 10, 15), "ioctl": (0x8901, 0x8902)}
_NEW_THREAD, _NEW_NAMESPACES = 0x00010000, 0x7E020000  # flags of clone

# Calls that an older libseccomp has no name for; the same numbers everywhere.
_NUMBERS = {
    "process_mrelease": 448,
    "fchmodat2": 452,
    "statmount": 457,
    "listmount": 458,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
}


class _Condition(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("comparison", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    ]


class Filter:
    """Built once; each worker then puts it into force for itself.

    Raises:
        OSError: If libseccomp is missing.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(_ALLOW))
        self._refuse(f"{_MEMORY} {_OUT} {_HOLES}".split())
        elsewhere = _Condition(0, _NOT_EQUAL, socket.AF_UNIX, 0)
        self._refuse(["socket", "socketpair"], elsewhere, error=errno.EAFNOSUPPORT)
        self._refuse(
            ["clone3"], error=errno.ENOSYS
        )  # its flags can't be seen: clone's can
        for bit in range(32):
            if _NEW_NAMESPACES >> bit & 1:
                self._refuse(
                    ["clone"], _Condition(0, _MASKED_EQUAL, 1 << bit, 1 << bit)
                )

    def fence_in(self) -> None:
        """For workers without namespaces: nothing but themselves can be reached."""
        self._refuse(_OF_OTHERS.split())
        self._refuse(["socket"], error=errno.EAFNOSUPPORT)
        self._refuse(["clone"], _Condition(0, _MASKED_EQUAL, _NEW_THREAD, 0))
        self._refuse(_FOR_ITSELF_ONLY.split(), _Condition(0, _NOT_EQUAL, 0, 0))
        for name, commands in _OWNERS_OF_SIGNALS.items():
            for command in commands:
                self._refuse([name], _Condition(1, _EQUAL, command, 0))

    def signals_reach_only(self, process: int) -> None:
        """Signals may be sent to this one process."""
        self._refuse(["kill", "tgkill"], _Condition(0, _NOT_EQUAL, process, 0))

    def _refuse(
        self, names: Iterable[str], *conditions: _Condition, error: int = errno.EPERM
    ) -> None:
        array = (_Condition * len(conditions))(*conditions)
        for name in names:
            number = self._library.seccomp_syscall_resolve_name(name.encode())
            if number < 0:
                number = _NUMBERS.get(name, -1)
            if number < 0:
                continue  # this processor knows no such call
            self._checked(
                self._library.seccomp_rule_add_array(
                    self._context, _REFUSE | error, number, len(conditions), array
                )
            )

    def apply(self) -> None:
        """From here on the calls are refused, in this process and all it starts."""
        self._checked(self._library.seccomp_load(self._context))

    def _checked(self, result: int) -> None:
        if result < 0:
            raise OSError(-result, "libseccomp refuses the filter")
