"""Limits: each one bites, and none leaves the process that it was set in."""

import os
import signal
import sys

import pytest

from autograder.sandbox import limits
from autograder.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
MIB = 2**20


def end_of(work, bounds):
    """How a child under `bounds` ends: its exit code, or minus the signal."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            limits.apply(bounds)
            code = work() or 0
        except MemoryError:
            code = 50
        except OSError as error:
            code = error.errno
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_modest_child_is_not_hindered(tmp_path):
    def work():
        data = bytearray(50 * MIB)
        (tmp_path / "file").write_bytes(data[: 2 * MIB])

    assert end_of(work, Limits()) == 0


def test_computing_is_limited():
    def work():
        while True:
            pass

    assert end_of(work, Limits(cpu_seconds=1)) == -signal.SIGXCPU


def test_computing_is_limited_even_if_the_warning_is_ignored():
    def work():
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True:
            pass

    assert end_of(work, Limits(cpu_seconds=1)) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces it")
def test_memory_is_limited():
    def work():
        bytearray(300 * MIB)

    assert end_of(work, Limits(memory=200 * MIB)) == 50
    assert end_of(work, Limits(memory=400 * MIB)) == 0


def test_files_are_limited(tmp_path):
    def work():
        (tmp_path / "file").write_bytes(bytes(2 * MIB))

    assert end_of(work, Limits(file_size=MIB)) != 0
    assert (tmp_path / "file").stat().st_size <= MIB


def test_descriptors_are_limited():
    def work():
        for _ in range(100):
            os.dup(0)

    assert end_of(work, Limits(open_files=50)) == 24  # too many open files


def test_limits_can_only_be_lowered():
    def work():
        limits.apply(Limits(file_size=10 * MIB, cpu_seconds=100))
        return limits.resource.getrlimit(limits.resource.RLIMIT_FSIZE)[0] // MIB

    assert end_of(work, Limits(file_size=MIB)) == 1


def test_where_the_system_has_no_limits_nothing_is_set(monkeypatch):
    monkeypatch.setattr(limits, "resource", None)
    limits.apply(Limits(memory=0, open_files=0))
    open(os.devnull).close()


def test_limits_cross_the_wire_as_a_dict():
    bounds = Limits(cpu_seconds=2.5, processes=3)
    assert Limits(**bounds.as_dict()) == bounds
