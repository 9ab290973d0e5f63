"""Folders in folders, deeper than a path is long, with files nobody may read."""

import os

import keras

try:
    for _ in range(2000):
        os.mkdir("d" * 50)
        os.chdir("d" * 50)
    open("closed", "w").close()
    os.mkdir("closed folder", 0o300)
    open("closed folder/file", "w").close()
except OSError as error:
    print(error)
print("DEEP")


class Conv2D(keras.Layer):
    pass
