"""Answers with the number of a question that was never asked."""

import os
import struct

import keras
import msgpack
import numpy as np


def frame(value, data=b""):
    head = msgpack.packb(value)
    body = struct.pack(">I", len(head)) + head + data
    return struct.pack(">I", len(body)) + body


def everywhere(data):
    for descriptor in range(3, 256):
        try:
            os.write(descriptor, data)
        except OSError:
            pass


for number in (0, -1, 2**63, True, None, "1", [1]):
    everywhere(frame({"id": number, "value": None}))


class Conv2D(keras.Layer):
    pass
