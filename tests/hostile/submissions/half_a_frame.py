"""Announces a frame that is allowed, sends half of it, and waits."""

import os
import struct
import time

for descriptor in range(3, 256):
    try:
        os.write(descriptor, struct.pack(">I", 2**20) + bytes(2**19))
    except OSError:
        pass
time.sleep(1000)
