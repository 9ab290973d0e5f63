"""Changes what the next submission would meet: modules, files, settings."""

import builtins
import os
import sys

import keras

keras.layers.Layer.__call__ = None
keras.Layer.__init__ = None
keras.ops.matmul = keras.ops.einsum = None
builtins.range = None
os.environ["KERAS_BACKEND"] = "nonsense"
sys.modules["keras"] = sys.modules["numpy"] = None
for folder in ("/scratch", "/tmp", "/dev/shm", os.path.expanduser("~")):
    for name in ("keras.py", "numpy.py", "sitecustomize.py", "usercustomize.py"):
        try:
            with open(f"{folder}/{name}", "w") as file:
                file.write("raise SystemExit('trapped')")
        except OSError:
            pass


class Conv2D:
    pass
