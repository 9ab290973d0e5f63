"""What tests of several folders need."""

import contextlib
import signal
import sys

import pytest

# A shell that starts `make test` in the background has it ignore Ctrl-C, and so would all
# it starts: the tests of Ctrl-C would wait for commands that nothing ends.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
