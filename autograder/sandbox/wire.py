"""Values on the wire: frames of msgpack and raw arrays, bounded before they allocate.

What crosses: None, bool, int, float, str, bytes, NumPy arrays of plain dtypes,
lists, tuples and dicts of those, and opaque references to remote objects.
Never pickle, never code.

A frame is a 4-byte big-endian length and that many bytes: a 4-byte length of the head,
the head (msgpack: the value, with a dtype and a shape where an array stands), and the
arrays' data one after another. So arrays may be large, while what becomes Python
objects, each many times the size of its msgpack, stays small.
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
MAX_HEAD = 4 * 2**20  # bytes of everything but the arrays' data
MAX_ITEMS = 10_000  # of one list or dict; longer ones travel as arrays
MAX_DEPTH = 16  # of lists, tuples and dicts in each other
MAX_INTEGER = 512  # bytes of an int beyond 64 bits
PLAIN_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 "
    "float32 float64 complex64 complex128".split()
)

_REFERENCE, _ARRAY, _TUPLE, _INTEGER = 1, 2, 3, 4
_PLAIN_KEYS = (type(None), bool, int, float, str, bytes)
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
    """Encodes `value`.

    Raises:
        TypeError: If something in it may not cross.
        ValueError: If it is too large, or nested too deeply.
    """
    data: list[bytes] = []

    def encode(value: Any) -> msgpack.ExtType:
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            if array.dtype.name not in PLAIN_DTYPES:
                raise TypeError(f"an array of dtype {array.dtype} can't be sent")
            if not array.dtype.isnative:
                array = array.astype(array.dtype.newbyteorder("="))
            data.append(array.tobytes())
            return _extension(_ARRAY, (array.dtype.name, array.shape))
        if isinstance(value, Reference):
            fields = (value.number, value.kind, value.length)
            return _extension(_REFERENCE, fields)
        if type(value) is tuple:
            return msgpack.ExtType(_TUPLE, flat(list(value)))
        if type(value) is int and value.bit_length() < 8 * MAX_INTEGER:
            raw = value.to_bytes(MAX_INTEGER, "big", signed=True)
            return msgpack.ExtType(_INTEGER, raw)
        raise TypeError(f"a value of type {type(value).__name__} can't be sent")

    def flat(value: Any) -> bytes:
        return msgpack.packb(value, default=encode, strict_types=True)

    head = flat(value)
    if len(head) > MAX_HEAD:
        raise ValueError(
            f"the value takes {len(head):,} bytes beside its arrays; {MAX_HEAD:,} fit"
        )
    frame = b"".join((_HEADER.pack(len(head)), head, *data))
    if len(frame) > MAX_FRAME:
        raise ValueError(f"the value takes {len(frame):,} bytes; {MAX_FRAME:,} fit")
    return frame


def _extension(code: int, fields: tuple) -> msgpack.ExtType:
    return msgpack.ExtType(code, msgpack.packb(fields))


def unpack(frame: bytes, reference: Callable[[int], Any] | None = None) -> Any:
    """Decodes a frame.

    Args:
        frame: The bytes.
        reference: Called with the number of each reference; its result stands in
            for the reference. None leaves `Reference` objects.

    Raises:
        WireError: If the frame isn't exactly one plain value.
    """
    try:
        return _Decoder(frame, reference).value()
    except WireError:
        raise
    except Exception as error:  # msgpack raises ValueError, its own, and TypeError
        raise WireError(f"not a value: {type(error).__name__}") from error


class _Decoder:
    """Reads one frame: first its head, then, in passing, the data of the arrays."""

    def __init__(self, frame: bytes, reference: Callable[[int], Any] | None):
        (length,) = _HEADER.unpack_from(frame)
        if length > MAX_HEAD or length > len(frame) - _HEADER.size:
            raise WireError("a head larger than allowed, or than its frame")
        view = memoryview(frame)[_HEADER.size :]
        self.head, self.data = view[:length], view[length:]
        self.reference = reference

    def value(self) -> Any:
        value = self._revived(self._flat(self.head), 0)
        if len(self.data):
            raise WireError("more data than the arrays take")
        return value

    @staticmethod
    def _flat(head: Any) -> Any:
        return msgpack.unpackb(
            head,
            strict_map_key=False,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
        )

    def _revived(self, value: Any, depth: int) -> Any:
        """Puts arrays, tuples and the like where msgpack has extensions."""
        if depth > MAX_DEPTH:
            raise WireError("the value is nested too deeply")
        kind = type(value)
        if kind is list:
            return [self._revived(item, depth + 1) for item in value]
        if kind is dict:
            if not all(type(key) in _PLAIN_KEYS for key in value):
                raise WireError("a dict with keys that aren't plain")
            return {k: self._revived(item, depth + 1) for k, item in value.items()}
        if kind is msgpack.ExtType:
            return self._extension(value.code, value.data, depth)
        if kind is msgpack.Timestamp:
            raise WireError("a time stamp")
        return value

    def _extension(self, code: int, data: bytes, depth: int) -> Any:
        if code == _ARRAY:
            return self._array(data)
        if code == _TUPLE:
            items = self._flat(data)
            if type(items) is not list:
                raise WireError("a tuple that isn't one")
            return tuple(self._revived(items, depth))
        if code == _REFERENCE:
            found = _decode_reference(data)
            return self.reference(found.number) if self.reference else found
        if code == _INTEGER and len(data) <= MAX_INTEGER:
            return int.from_bytes(data, "big", signed=True)
        raise WireError(f"unknown extension {code}")

    def _array(self, head: bytes) -> np.ndarray:
        name, shape = msgpack.unpackb(head, max_array_len=64, use_list=False)
        if type(name) is not str or name not in PLAIN_DTYPES:
            raise WireError("an array of a dtype that may not cross")
        if len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
            raise WireError("an array with an impossible shape")
        dtype = _dtype(name)
        size = math.prod(shape) * dtype.itemsize
        if size > len(self.data):
            raise WireError("an array whose data does not fit its shape")
        body, self.data = self.data[:size], self.data[size:]
        if name == "bool":  # any byte but 0 and 1 would make a strange Boolean
            return (np.frombuffer(body, np.uint8) != 0).reshape(shape)
        return np.frombuffer(body, dtype).reshape(shape).copy()


def _dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


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

    def send_bytes(
        self,
        frame: bytes,
        deadline: float | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Sends one frame; the arguments are those of `receive_bytes`."""
        rest = memoryview(_HEADER.pack(len(frame)) + frame)
        while len(rest):
            try:
                self.connection.settimeout(_slice(deadline))
                rest = rest[self.connection.send(rest[: 2**20]) :]
            except TimeoutError:
                tick()
            except OSError as error:
                raise Closed(str(error)) from error

    def receive(
        self,
        deadline: float | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> Any:
        return unpack(self.receive_bytes(deadline, tick))

    def receive_bytes(
        self, deadline: float | None = None, tick: Callable[[], None] = lambda: None
    ) -> bytes:
        """Waits for one frame.

        Args:
            deadline: `time.monotonic()` after which it is too late; None waits.
            tick: Called a few times a second while waiting; may raise.

        Raises:
            Closed: If the other side hangs up, in the middle of a frame or before.
            Late: If the deadline passes.
            WireError: If a larger frame than allowed is announced.
        """
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size, deadline, tick))
        if length > MAX_FRAME:
            raise WireError(f"a frame of {length:,} bytes was announced")
        return self._exactly(length, deadline, tick)

    def _exactly(
        self, count: int, deadline: float | None, tick: Callable[[], None]
    ) -> bytes:
        parts, have = [], 0
        while have < count:
            try:
                self.connection.settimeout(_slice(deadline))
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


def _slice(deadline: float | None) -> float:
    """How long to wait at a stretch."""
    if deadline is None:
        return 0.2
    left = deadline - time.monotonic()
    if left <= 0:
        raise Late("the deadline has passed")
    return min(left, 0.2)
