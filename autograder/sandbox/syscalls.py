"""The system calls that a submission has no use for are refused, through libseccomp.

Three kinds: those that take memory past the limit on address space, those that reach
out of the sandbox, and those in which holes of the kernel have been found.
"""

import ctypes
import errno
import socket

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NOT_EQUAL = 1

_MEMORY = "memfd_create memfd_secret shmget msgget semget mq_open"
_OUT = (
    "unshare setns mount umount2 pivot_root chroot fsopen fspick open_tree move_mount "
    "mount_setattr name_to_handle_at open_by_handle_at ptrace process_vm_readv "
    "process_vm_writev process_madvise pidfd_getfd kcmp add_key request_key keyctl "
    "quotactl quotactl_fd acct swapon swapoff reboot kexec_load syslog"
)
_HOLES = (
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register "
    "fanotify_init lookup_dcookie modify_ldt vmsplice personality"
)


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
        for name in f"{_MEMORY} {_OUT} {_HOLES}".split():
            self._refuse(name, errno.EPERM)
        elsewhere = _Condition(0, _NOT_EQUAL, socket.AF_UNIX, 0)
        self._refuse("socket", errno.EAFNOSUPPORT, elsewhere)

    def _refuse(self, name: str, error: int, *conditions: _Condition) -> None:
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # this processor or this libseccomp knows no such call
        array = (_Condition * len(conditions))(*conditions)
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
