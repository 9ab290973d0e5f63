"""Its objects can't be deleted, and the process can't end by itself."""

import sys
import threading
import time

import keras


class Stuck:
    def __del__(self):
        time.sleep(1000)


threading.Thread(target=time.sleep, args=[1000]).start()
sys.stuck = [Stuck() for _ in range(3)]

### THE REFERENCE
