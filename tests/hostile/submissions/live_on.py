"""Leaves a child behind that leaves its group and its session, twice over."""

import os
import time

import keras

for _ in range(3):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 256)
                while True:
                    time.sleep(1000)
            os._exit(0)
    except OSError:
        print("NO CHILD")


class Conv2D(keras.Layer):
    pass
