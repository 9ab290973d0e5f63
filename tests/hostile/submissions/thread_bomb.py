"""Starts threads, each with as little as it can have, until there are no more."""

import threading
import time

import keras

threading.stack_size(32768)
started = 0
try:
    while started < 100_000:
        threading.Thread(target=time.sleep, args=[1000], daemon=True).start()
        started += 1
except (RuntimeError, MemoryError):
    pass
print("THREADS", "too many" if started > 20_000 else "bounded")
while True:
    pass
