"""Calls everybody: the test listens on a port, on a path and on an abstract name.

Then it asks for a socket of every family and type, for no one to listen to.
"""

import socket

import keras

TARGETS = [
    (socket.AF_INET, ("127.0.0.1", 48765)),
    (socket.AF_INET6, ("::1", 48765)),
    (socket.AF_UNIX, "\0layerwise-hostile"),
    (socket.AF_UNIX, "/tmp/layerwise-hostile.sock"),
    (socket.AF_VSOCK, (2, 48765)),
    (socket.AF_NETLINK, (0, 0)),
    (socket.AF_PACKET, ("lo", 0)),
]

for family, address in TARGETS:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            with socket.socket(family, kind) as caller:
                caller.settimeout(0.2)
                caller.connect(address)
                caller.send(b"here are the hidden inputs")
                print("CONNECTED", family, address)
        except OSError as error:
            print(family, kind, error)
for family in {*range(46)} - {socket.AF_UNIX}:
    for kind in (1, 2, 3, 4, 5, 6, 10):  # all that Linux has
        for make in (socket.socket, socket.socketpair):
            try:
                make(family, kind)
                print("OPENED", family, kind)
            except OSError:
                pass
try:
    print("CONNECTED", socket.create_connection(("example.org", 80), timeout=0.2))
except OSError as error:
    print(error)


class Conv2D(keras.Layer):
    pass
