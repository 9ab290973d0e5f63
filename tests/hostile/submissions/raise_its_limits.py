"""Raises its own limits, and lets alarms interrupt what would stop it."""

import resource
import signal

import keras

for name in ("CPU", "AS", "FSIZE", "NOFILE", "NPROC", "CORE"):
    limit = getattr(resource, f"RLIMIT_{name}")
    for most in (resource.RLIM_INFINITY, resource.getrlimit(limit)[1] + 1):
        try:
            resource.setrlimit(limit, (most, most))
            print("RAISED", name)
        except (OSError, ValueError):
            pass
signal.signal(signal.SIGXCPU, lambda *args: print("GOING ON"))
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
signal.signal(signal.SIGALRM, lambda *args: None)
while True:
    pass
