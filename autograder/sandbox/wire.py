"""Values on the wire: length-prefixed msgpack frames, bounded before they allocate.

What crosses: None, bool, int, float, str, bytes, NumPy arrays of plain dtypes,
lists, tuples and dicts of those, and opaque references to remote objects.
Never pickle, never code.

A frame is a 4-byte big-endian length and that many bytes of msgpack.
"""

import math
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np

MAX_FRAME = 256 * 2**20  # bytes; the largest weights that a check may ask for
MAX_ITEMS = 10_000  # of one list or dict; longer ones travel as arrays
MAX_DEPTH = 16  # of nested tuples
PLAIN_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 "
    "float32 float64 complex64 complex128".split()
)

_REFERENCE, _ARRAY, _TUPLE, _INTEGER = 1, 2, 3, 4
_HEADER = struct.Struct(">I")


class WireError(Exception):
    """A frame that is malformed, too large, unasked for or late."""


class Closed(WireError):
    """The other side has gone."""


class Late(WireError):
    """The deadline passed before a whole frame had come."""


class Reference:
    """Stands for an object that stays on the untrusted side.

    Args:
        number: Its place in the other side's table.
        kind: Its class's name, for messages.
        length: Its length if it has one, else -1.
    """

    __slots__ = ("kind", "length", "number")

    def __init__(self, number: int, kind: str = "object", length: int = -1):
        self.number, self.kind, self.length = number, kind, length


def pack(value: Any) -> bytes:
    """Encodes `value`. Raises TypeError if something in it may not cross."""
    return msgpack.packb(value, default=_encode, strict_types=True)


def _encode(value: Any) -> msgpack.ExtType:
    if isinstance(value, Reference):
        fields = (value.number, value.kind, value.length)
        return msgpack.ExtType(_REFERENCE, msgpack.packb(fields))
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.name not in PLAIN_DTYPES:
            raise TypeError(f"an array of dtype {array.dtype} can't be sent")
        head = msgpack.packb((array.dtype.name, array.shape))
        data = _HEADER.pack(len(head)) + head + array.tobytes()
        return msgpack.ExtType(_ARRAY, data)
    if type(value) is tuple:
        return msgpack.ExtType(_TUPLE, pack(list(value)))
    if type(value) is int:  # beyond 64 bits
        return msgpack.ExtType(_INTEGER, str(value).encode()[:1000])
    raise TypeError(f"a value of type {type(value).__name__} can't be sent")


def unpack(
    frame: bytes, reference: Callable[..., Any] | None = None, depth: int = 0
) -> Any:
    """Decodes a frame.

    Args:
        frame: The bytes.
        reference: Called with the number of each reference; its result stands in
            for the reference. None leaves `Reference` objects.

    Raises:
        WireError: If the frame isn't exactly one plain value.
    """
    if depth > MAX_DEPTH:
        raise WireError("the value is nested too deeply")

    def decode(code: int, data: bytes) -> Any:
        if code == _ARRAY:
            return _decode_array(data)
        if code == _TUPLE:
            items = unpack(data, reference, depth + 1)
            if not isinstance(items, list):
                raise WireError("a tuple that isn't one")
            return tuple(items)
        if code == _REFERENCE:
            found = _decode_reference(data)
            return reference(found.number) if reference else found
        if code == _INTEGER and len(data) <= 1000:
            return int(data.decode("ascii"))
        raise WireError(f"unknown extension {code}")

    try:
        return msgpack.unpackb(
            frame,
            ext_hook=decode,
            strict_map_key=False,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
        )
    except WireError:
        raise
    except Exception as error:  # msgpack raises ValueError, its own, and TypeError
        raise WireError(f"not a value: {type(error).__name__}") from error


def _decode_array(data: bytes) -> np.ndarray:
    (length,) = _HEADER.unpack_from(data)
    dtype_name, shape = msgpack.unpackb(
        data[4 : 4 + length], max_array_len=64, max_str_len=16, use_list=False
    )
    if dtype_name not in PLAIN_DTYPES:
        raise WireError("an array of a dtype that may not cross")
    if len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
        raise WireError("an array with an impossible shape")
    if dtype_name == "bfloat16":
        import ml_dtypes

        dtype = np.dtype(ml_dtypes.bfloat16)
    else:
        dtype = np.dtype(dtype_name)
    body = data[4 + length :]
    if math.prod(shape) * dtype.itemsize != len(body):
        raise WireError("an array whose data does not fit its shape")
    return np.frombuffer(body, dtype).reshape(shape).copy()


def _decode_reference(data: bytes) -> Reference:
    number, kind, length = msgpack.unpackb(data, max_array_len=3, max_str_len=200)
    if type(number) is not int or type(kind) is not str or type(length) is not int:
        raise WireError("a reference that isn't one")
    return Reference(number, kind, length)


class Channel:
    """Frames over a connected socket.

    Args:
        connection: A stream socket; the channel owns it.
    """

    def __init__(self, connection: socket.socket):
        self.connection = connection

    def send(self, value: Any) -> None:
        self.send_bytes(pack(value))

    def send_bytes(self, frame: bytes, deadline: float | None = None) -> None:
        if len(frame) > MAX_FRAME:
            raise WireError(f"the value takes {len(frame):,} bytes; {MAX_FRAME:,} fit")
        try:
            self.connection.settimeout(_left(deadline))
            self.connection.sendall(_HEADER.pack(len(frame)) + frame)
        except TimeoutError as error:
            raise Late("nobody took the frame in time") from error
        except OSError as error:
            raise Closed(str(error)) from error

    def receive(self, deadline: float | None = None, tick: Callable = lambda: None):
        return unpack(self.receive_bytes(deadline, tick))

    def receive_bytes(
        self, deadline: float | None = None, tick: Callable[[], None] = lambda: None
    ) -> bytes:
        """Waits for one frame.

        Args:
            deadline: `time.monotonic()` after which it is too late; None waits.
            tick: Called a few times a second while waiting; may raise.
        """
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size, deadline, tick))
        if length > MAX_FRAME:
            raise WireError(f"a frame of {length:,} bytes was announced")
        return self._exactly(length, deadline, tick)

    def _exactly(self, count: int, deadline: float | None, tick: Callable) -> bytes:
        parts, have = [], 0
        while have < count:
            try:
                self.connection.settimeout(min(_left(deadline) or 0.2, 0.2))
                part = self.connection.recv(min(count - have, 2**20))
            except TimeoutError:
                tick()
                continue
            except OSError as error:
                raise Closed(str(error)) from error
            if not part:
                raise Closed("the connection was closed")
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def close(self) -> None:
        self.connection.close()


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise Late("the deadline has passed")
    return left
