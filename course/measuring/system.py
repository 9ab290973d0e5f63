"""What to call this machine and what is installed on it. Imports no Keras."""

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

DISTRIBUTIONS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow-cpu", "tensorflow"),
    "jax": ("jax",),
}


def describe(threads: int, *backends: str) -> dict[str, Any]:
    """Processor, threads and versions, for whoever reads the numbers later.

    Args:
        threads: How many may compute.
        *backends: The backends that were measured.
    """
    installed = [f"{name} {_version(*DISTRIBUTIONS[name])}" for name in backends]
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "keras": _version("keras"),
        "numpy": _version("numpy"),
        "backend": ", ".join(installed),
        "date": datetime.date.today().isoformat(),
    }


def processor() -> str:
    """Its name as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            key, _, name = line.partition(":")
            if key.strip() == "model name":
                return name.strip()
    return platform.processor() or platform.machine()


def _version(*distributions: str) -> str:
    """Of the first one that is installed; "?" if none is."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "?"
