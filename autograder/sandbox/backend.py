"""The backend in use, and it alone."""

import contextlib
import os
import sys
from collections.abc import Iterator

# Keras imports them if they are there, for its scikit-learn wrappers and its galleries.
_FOR_EXTRAS = ("matplotlib", "sklearn")


def settle() -> str:
    """Makes the backend ready for checks, whose arrays are small. Call it before Keras.

    Keras 3 looks for TensorFlow when it saves a model, whatever its backend: on PyTorch
    it is not to find it, the import takes seconds. TensorFlow does without oneDNN, which
    prepares a program for every shape that it meets: GoogLeNet's public checks take 4.1
    seconds of processor time with it and 2.4 without. Whoever has set it keeps it.

    Returns:
        The value of `KERAS_BACKEND`, or '' where Keras's own setting decides.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    name = os.environ.get("KERAS_BACKEND", "")
    if name == "torch":
        sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
    return name


def import_keras() -> None:
    """Imports Keras without what only its extras need: a third of the time it takes.

    What is left out can be imported afterwards.
    """
    with _hidden(_FOR_EXTRAS):
        import keras  # noqa: F401


@contextlib.contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """As if these packages were not installed, unless they have been imported."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def look_at_processor() -> None:
    """Has PyTorch read what it wants from /proc/cpuinfo, which workers can't see."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.backends.cpu.get_cpu_capability()
