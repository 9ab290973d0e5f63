"""Workers behind Landlock, for machines that refuse namespaces (Linux 6.2 and later).

Weaker than `isolation.namespaced`, so it has to be asked for by name. What it holds and
what it doesn't: docs/sandbox.md, `sandbox/fence.py`.
"""

import functools
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from autograder.grading import isolation
from autograder.grading.isolation import CannotIsolate, Report
from autograder.grading.transport import Workers, template_environment

_TRY_SECONDS = 30


def landlocked(backend: str, before: Sequence[str] = (), **options: Any) -> Workers:
    """Workers that can open none of this project's files and reach no other process.

    Args:
        backend: Keras's.
        before: What starts the template's command: one that changes the user, say.
        **options: Of `Workers`.

    Raises:
        CannotIsolate: If this machine can't give that.
        TemplateFailed: If the template does not start.
    """
    report = possible()
    if not report.isolated:
        raise CannotIsolate(f"{report.reason} {report.way_out}")
    command = [*before, sys.executable, "-m", "autograder.sandbox.template"]
    environment = {**environment_of_template(), **template_environment(backend)}
    return Workers([*command, "--fenced", _as_json()], environment, **options)


@functools.cache
def possible() -> Report:
    """Tries, in a fraction of a second, whether a worker can be fenced in here."""
    if sys.platform != "linux":
        return Report(reason="Landlock is a part of Linux.", way_out="Use Linux.")
    if importlib.util.find_spec("landlock") is None:
        return Report(
            reason="The package landlock is not installed.",
            way_out="pip install 'layerwise[landlock]'",
        )
    try:
        complaint = _tried()
    except CannotIsolate as error:
        return Report(reason=str(error), way_out="Install Python elsewhere.")
    if not complaint:
        return Report(means="landlock")
    return Report(
        reason=f"There is no fence to be had ({complaint[:300]}).",
        way_out=_way_out(complaint),
    )


def _tried() -> str:
    """Confines a process that does nothing; the complaint if that fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "autograder.sandbox.fence", _as_json()],
            env=environment_of_template(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TRY_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return "it took too long"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1].removeprefix("The fence can't be made: ")


def _way_out(complaint: str) -> str:
    if "libseccomp" in complaint:
        return "Install libseccomp (Debian, Ubuntu: apt-get install libseccomp2)."
    if "Landlock" in complaint:
        return "Use Linux 6.2 or newer, started with landlock among its `lsm=`."
    if "thread" in complaint:
        return "Run the grader as a user that nothing else runs as."
    return "docs/sandbox.md says what is needed."


def environment_of_template() -> dict[str, str]:
    """All that the template learns: nothing of the process that starts it."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "student",
        "TMPDIR": tempfile.gettempdir(),
        "PYTHONPATH": os.pathsep.join([str(isolation.ROOT), *isolation.packages()]),
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _as_json() -> str:
    """What a worker may read: see `fence.Fence`."""
    read: list[str] = []
    listed: list[str] = []
    shown, covered = isolation.seen()
    for path in shown:
        _open_up(path, covered, read, listed)
    return json.dumps({"read": sorted(set(read)), "list": sorted(set(listed))})


def _open_up(path: str, covered: list[str], read: list[str], listed: list[str]) -> None:
    """`path` itself; or, where what is covered lies in it, all beside that.

    Landlock allows whole folders and forbids nothing in them. The names in a folder of
    packages stay visible, since Python looks modules up by them.
    """
    if path in covered:
        return
    if not any(isolation.is_within(inner, path) for inner in covered):
        read.append(path)
        return
    if os.path.basename(path) in isolation.PACKAGES:
        listed.append(path)
    for name in sorted(os.listdir(path)):
        _open_up(os.path.join(path, name), covered, read, listed)
