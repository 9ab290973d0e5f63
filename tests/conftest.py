"""What tests of several folders need."""

import contextlib
import os
import shutil
import signal
import sys

import pytest

from autograder.grading import places

# A shell that starts `make test` in the background has it ignore Ctrl-C, and so would all
# it starts: the tests of Ctrl-C would wait for commands that nothing ends.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_PROGRAMS = {  # as Debian calls the packages, and what they may be called on other systems
    "chromium": ("chromium", "chromium-browser"),
    "bubblewrap": ("bwrap",),
}


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "requires(*names): isolation levels and Debian packages; without them the test "
        "is left out here, and fails where CI is set in the environment",
    )


def pytest_runtest_setup(item):
    for mark in item.iter_markers("requires"):
        for name in mark.args:
            if reason := _lacking(name):
                _leave_out(reason)


def _lacking(name):
    """Why this machine does not have it, and what to do; '' if it has."""
    if name in places.LEVELS:
        report = places.report(name)
        return "" if report.isolated else f"No {name}: {report.reason} {report.way_out}"
    if any(shutil.which(program) for program in _PROGRAMS[name]):
        return ""
    return f"{name} is not installed: apt-get install {name}"


def _leave_out(reason):
    """A test that CI does not run must not look as if it had passed."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} CI is set, and CI leaves nothing out.", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def isolation_level():
    """Where tests of the grader's commands run submissions: as instructors do.

    On a developer's machine without namespaces that is `none`, which tests the commands
    all the same.
    """
    if reason := _lacking("namespaces"):
        if os.environ.get("CI"):
            _leave_out(reason)
        return "none"
    return "namespaces"


@contextlib.contextmanager
def _networks_of(parts):
    """Solutions are imported anew, of these parts; afterwards all is as before.

    Keras knows a class by its name, and a saved network by that: a second import would
    have files of the first one's networks loaded as the second's.
    """
    import keras

    registered = keras.saving.get_custom_objects()
    objects, before = dict(registered), _solutions()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_PARTS", parts)
        for name in before:
            del sys.modules[name]
        try:
            yield
        finally:
            for name in _solutions():
                del sys.modules[name]
            sys.modules.update(before)
            registered.clear()
            registered.update(objects)


def _solutions():
    return {
        n: module for n, module in sys.modules.items() if n.startswith("solutions.u")
    }


@pytest.fixture(scope="session")
def networks_of():
    return _networks_of
