"""Announces arrays that are larger than what is sent, or that are none."""

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


for head in (
    ("float32", (2**40, 2**40)),
    ("float32", (-1, -1)),
    ("object", (1,)),
    ("O", (1,)),
    ("float32", (2, 7, 10, 4.0)),
    ("float32", (1,) * 60),
):
    array = msgpack.ExtType(2, msgpack.packb(head))
    everywhere(frame({"id": 1, "value": array}, bytes(64)))


class Conv2D(keras.Layer):
    pass
