"""Measurements run in a process of their own: one a backend, its threads set."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course.cli.bench import THREADS

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = ("torch", "tensorflow")


class Failed(RuntimeError):
    """The child has ended with an error."""


def options(documentation: str) -> argparse.ArgumentParser:
    """What the scripts that measure side by side have in common."""
    parser = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--backend", choices=BACKENDS, help="only this one")
    parser.add_argument("--threads", type=int, default=1, help="that may compute: 1")
    parser.add_argument("--modes", help="only these, with commas between")
    parser.add_argument("--quick", action="store_true", help="a few cases, to try it")
    parser.add_argument(
        "--record",
        action="store_true",
        help="write docs/benchmarks.json and docs/benchmarks.md",
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


def tell(**message: Any) -> None:
    """A child says one thing to its parent."""
    print(json.dumps(message), flush=True)


def run(
    script: str, backend: str, threads: int, *more: str
) -> Iterator[dict[str, Any]]:
    """What a child of this script says, as it says it.

    It gets this process's arguments, the backend, and `more`.

    Raises:
        Failed: If it ends with an error; what it wrote last is in the message.
    """
    environment = {
        **os.environ,
        **dict.fromkeys(THREADS, str(threads)),
        "KERAS_BACKEND": backend,
        "LAYERWISE_PARTS": "solutions",
        "LAYERWISE_PROJECT": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, script, *sys.argv[1:], "--backend", backend, *more]
    with subprocess.Popen(
        [*command, "--child"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("{"):
                yield json.loads(line)
    if child.returncode:
        raise Failed(f"{Path(script).name} on {backend} ended with {child.returncode}.")
