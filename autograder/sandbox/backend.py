"""The backend in use, and it alone."""

import os
import sys


def settle() -> str:
    """Keeps Keras on PyTorch from importing TensorFlow, which takes seconds.

    Keras 3 looks for TensorFlow when it saves a model, whatever its backend. Call this
    before Keras is imported.

    Returns:
        The value of `KERAS_BACKEND`, or '' where Keras's own setting decides.
    """
    name = os.environ.get("KERAS_BACKEND", "")
    if name == "torch":
        sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
    return name


def look_at_processor() -> None:
    """Has PyTorch read what it wants from /proc/cpuinfo, which workers can't see."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.backends.cpu.get_cpu_capability()
