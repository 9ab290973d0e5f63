"""JSON lines over a local socket, between the warm service and its client.

Both ends are the same user's; what an untrusted worker says comes over
`autograder.sandbox.wire` instead.
"""

import json
import socket
from typing import Any


class HungUp(Exception):
    """The other side has gone."""


class Line:
    """One conversation.

    Args:
        connection: A connected stream socket; the line owns it.
    """

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self._file = connection.makefile("rb")

    def send(self, message: dict[str, Any]) -> None:
        try:
            self.connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise HungUp from error

    def receive(self) -> dict[str, Any]:
        try:
            text = self._file.readline()
        except OSError as error:
            raise HungUp from error
        if not text.endswith(b"\n"):
            raise HungUp
        return json.loads(text)

    def close(self) -> None:
        self._file.close()
        self.connection.close()
