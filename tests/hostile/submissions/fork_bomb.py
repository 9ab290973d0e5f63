"""Multiplies, leaves its process group, and lives on."""

import os
import time

children = 0
for _ in range(100_000):
    try:
        if os.fork() == 0:
            os.setsid()
            while True:
                try:
                    os.fork()
                except OSError:
                    time.sleep(100)
        children += 1
    except OSError:
        print("CHILDREN", children)
        break
while True:
    time.sleep(100)
