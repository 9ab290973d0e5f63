"""Isolation levels by name: what a machine can give, and workers that have it."""

from typing import Any

from autograder.grading import isolation, landlocked, transport
from autograder.grading.isolation import CannotIsolate, Report

LEVELS = ("namespaces", "landlock", "none")  # the strongest first; see docs/sandbox.md


def report(level: str) -> Report:
    """Whether this machine can give `level`, and what to do where it can't."""
    if level == "none":
        return Report(means="limits")
    return landlocked.possible() if level == "landlock" else isolation.possible()


def workers(level: str, backend: str, **options: Any) -> Any:
    """Workers of this level and no other.

    Args:
        level: One of `LEVELS`.
        backend: Keras's.
        **options: Of `transport.Workers`.

    Raises:
        CannotIsolate: If this machine can't give it; the message says why.
        TemplateFailed: If the template does not start.
    """
    if level == "none":
        return transport.unisolated(backend, **options)
    found = report(level)
    if not found.isolated:
        raise CannotIsolate(f"{found.reason} {found.way_out}")
    start = landlocked.landlocked if level == "landlock" else isolation.namespaced
    return start(backend, **options)
