"""The wire: every plain value survives it, and no bytes can hurt the reader."""

import contextlib
import math
import socket
import struct
import threading
import time
import tracemalloc

import ml_dtypes
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox import wire

PLAIN = st.none() | st.booleans() | st.floats() | st.binary() | st.text()
INTEGERS = st.integers(-(2**4000), 2**4000)
DTYPES = st.sampled_from(sorted(wire.PLAIN_DTYPES - {"bfloat16"}))
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))
)
KEYS = st.text() | st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.binary()
VALUES = st.recursive(
    PLAIN | INTEGERS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


@given(VALUES)
def test_every_plain_value_comes_back_as_it_was(value):
    assert same(wire.unpack(wire.pack(value)), value)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_wire_error(data):
    with contextlib.suppress(wire.WireError):
        wire.unpack(data)


@given(st.binary(max_size=300))
def test_no_head_raises_anything_but_a_wire_error(data):
    with contextlib.suppress(wire.WireError):
        wire.unpack(struct.pack(">I", len(data)) + data)


@given(VALUES, st.data())
@settings(max_examples=200)
def test_a_damaged_frame_is_a_value_or_a_wire_error(value, data):
    frame = bytearray(wire.pack(value))
    for _ in range(3):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(
            st.integers(0, 255)
        )
    cut = data.draw(st.integers(0, len(frame)))
    with contextlib.suppress(wire.WireError):
        wire.unpack(bytes(frame[:cut]))


def test_references_and_bfloat16_cross():
    array = np.array([1.5, -2], ml_dtypes.bfloat16)
    reference, back = wire.unpack(wire.pack([wire.Reference(7, "Conv2D", 3), array]))
    assert (reference.number, reference.kind, reference.length) == (7, "Conv2D", 3)
    assert same(back, array)
    found = wire.unpack(wire.pack((wire.Reference(7),)), reference=lambda n: n + 1)
    assert found == (8,)


def test_an_array_in_the_other_byte_order_crosses_as_a_plain_one():
    back = wire.unpack(wire.pack(np.arange(3, dtype=">i4")))
    assert back.dtype == np.dtype("int32") and back.tolist() == [0, 1, 2]


def test_arrays_that_come_may_be_written_to():
    back = wire.unpack(wire.pack(np.zeros(3)))
    back[0] = 1


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, 3j, len, np.array(["a"]), np.array([None]), 2**5000, type],
    ids=str,
)
def test_what_is_not_plain_does_not_cross(value):
    with pytest.raises(TypeError, match="can't be sent"):
        wire.pack([value])


def test_subclasses_do_not_pass_for_plain_values():
    class Sly(int):
        pass

    with pytest.raises(TypeError, match="Sly can't be sent"):
        wire.pack(Sly(3))


def test_a_head_that_is_too_large_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match="beside its arrays"):
        wire.pack("a" * (wire.MAX_HEAD + 1))


def frame(head, data=b""):
    return struct.pack(">I", len(head)) + head + data


def array_head(dtype, shape):
    return msgpack.packb(msgpack.ExtType(2, msgpack.packb((dtype, shape))))


@pytest.mark.parametrize(
    "head, data",
    [
        (array_head("float64", (2,)), b"x" * 15),
        (array_head("float64", (2,)), b"x" * 17),
        (array_head("float64", (2**40, 2**40)), b"x" * 16),
        (array_head("float64", (-2, -1)), b"x" * 16),
        (array_head("float64", (True, 2)), b"x" * 16),
        (array_head("float64", "ab"), b""),
        (array_head("object", (1,)), b"x" * 8),
        (array_head(["float64"], (1,)), b"x" * 8),
        (array_head("float64", (0, 2**62, 2**62)), b""),
        (msgpack.packb(msgpack.ExtType(1, msgpack.packb(("7", "a", 1)))), b""),
        (msgpack.packb(msgpack.ExtType(3, msgpack.packb({}))), b""),
        (msgpack.packb(msgpack.ExtType(4, b"1" * 5000)), b""),
        (msgpack.packb(msgpack.ExtType(99, b"")), b""),
        (msgpack.packb(msgpack.Timestamp(1)), b""),
        (msgpack.packb({(1, 2): 3}), b""),
        (msgpack.packb(list(range(wire.MAX_ITEMS + 1))), b""),
        (b"\x91" * 30 + b"\xc0", b""),
        (b"\x91" * 100_000 + b"\xc0", b""),
        (b"\xc0\xc0", b""),
        (b"", b""),
    ],
)
def test_a_malformed_frame_is_refused(head, data):
    with pytest.raises(wire.WireError):
        wire.unpack(frame(head, data))


def test_bytes_that_are_neither_true_nor_false_become_true():
    back = wire.unpack(frame(array_head("bool", (3,)), b"\x00\x01\x7f"))
    assert back.view(np.uint8).tolist() == [0, 1, 1]


def test_a_small_frame_cannot_become_a_large_value():
    row = b"\xdc\x27\x10"  # ten thousand items follow
    wide = row + (row + b"\x90" * 10_000) * 399  # empty lists
    tracemalloc.start()
    try:
        with pytest.raises(wire.WireError):
            wire.unpack(frame(wide + b"\xc0" * 9_600, b"surplus"))
        assert tracemalloc.get_traced_memory()[1] < 150 * len(wide)
    finally:
        tracemalloc.stop()


# Channels


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield wire.Channel(ours), theirs
    ours.close()
    theirs.close()


def soon(seconds=0.3):
    return time.monotonic() + seconds


def test_values_cross_a_channel(pair):
    channel, theirs = pair
    value = {"weights": [np.ones((300, 400)), None]}
    thread = threading.Thread(target=wire.Channel(theirs).send, args=[value])
    thread.start()
    assert same(channel.receive(soon(5)), value)
    thread.join()


def test_a_large_announcement_is_refused_before_any_of_it_comes(pair):
    channel, theirs = pair
    theirs.sendall(b"\xff\xff\xff\xff")
    with pytest.raises(wire.WireError, match="announced"):
        channel.receive_bytes(soon())


def test_half_a_frame_is_late(pair):
    channel, theirs = pair
    theirs.sendall(struct.pack(">I", 100) + b"half")
    with pytest.raises(wire.Late):
        channel.receive_bytes(soon())


def test_a_frame_that_trickles_in_is_late(pair):
    channel, theirs = pair
    theirs.sendall(struct.pack(">I", 100))
    stop = threading.Event()

    def trickle():
        while not stop.wait(0.02):
            theirs.send(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    started = time.monotonic()
    try:
        with pytest.raises(wire.Late):
            channel.receive_bytes(soon())
    finally:
        stop.set()
        thread.join()
    assert time.monotonic() - started < 2


def test_hanging_up_in_a_frame_is_told(pair):
    channel, theirs = pair
    theirs.sendall(struct.pack(">I", 100) + b"half")
    theirs.close()
    with pytest.raises(wire.Closed):
        channel.receive_bytes(soon())


def test_sending_to_one_who_does_not_read_is_late(pair):
    channel, _ = pair
    started = time.monotonic()
    with pytest.raises(wire.Late):
        channel.send_bytes(bytes(50 * 2**20), soon())
    assert time.monotonic() - started < 2


def test_waiting_ticks_and_may_be_broken_off(pair):
    channel, _ = pair

    def tick():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        channel.receive_bytes(soon(5), tick)
    with pytest.raises(InterruptedError):
        channel.send_bytes(bytes(50 * 2**20), soon(5), tick)
