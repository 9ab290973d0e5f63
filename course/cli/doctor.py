"""`layerwise doctor`: what is wrong with this installation, and how to mend it.

Reads files and package metadata only: it has to work where Keras can't be imported.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from course import parts
from course.cli import backends
from course.cli.backends import BACKENDS, Finding, backend, keras_json, version

__all__ = ["backend", "doctor", "findings"]

_SPACE = 500 * 2**20  # bytes that must be free


def findings(root: Path | None) -> Iterator[Finding]:
    """Everything that doctor looks at, as it is found."""
    yield from _versions(root)
    yield from backends.installed()
    yield from backends.settings()
    yield from _project(root)
    yield from _folders(root)
    yield from _processes()
    yield from _services(root)


# Versions


def _versions(root: Path | None) -> Iterator[Finding]:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    python = platform.python_version()
    wanted, requirements = _ranges(root)
    yield Finding(
        python in SpecifierSet(wanted),
        f"Python {python} in {sys.prefix}.",
        "" if python in SpecifierSet(wanted) else f"Layerwise needs {wanted}.",
    )
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        found = version(requirement.name)
        name = f"{requirement.name} {found}".rstrip()
        if not found:
            mend = f"pip install '{requirement}'"
            yield Finding(False, f"{requirement.name} is not installed.", mend)
        elif not requirement.specifier.contains(found, prereleases=True):
            mend = f"Layerwise is written for {requirement.specifier}: "
            mend += f"pip install '{requirement}'"
            yield Finding(False, f"{name} is out of range.", mend)
        elif requirement.name == "keras":
            yield Finding(True, f"{name}.")


def _ranges(root: Path | None) -> tuple[str, list[str]]:
    """The Python versions and the packages that Layerwise is written for."""
    file = None if root is None else root / "pyproject.toml"
    if file is not None and file.exists():
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == "layerwise":
            return project["requires-python"], project["dependencies"]
    import importlib.metadata

    try:
        about = importlib.metadata.metadata("layerwise")
        requires = importlib.metadata.requires("layerwise") or []
    except importlib.metadata.PackageNotFoundError:
        return ">=3.11", []
    python = about["Requires-Python"] or ">=3.11"
    return python, [line for line in requires if "extra ==" not in line]


# Folders


def _project(root: Path | None) -> Iterator[Finding]:
    if root is None or not (root / "exercises").is_dir():
        where = "here" if root is None else f"in {root}"
        mend = "Go to the folder that holds exercises/ and course/."
        yield Finding(False, f"There is no course {where}.", mend)
        return
    yield Finding(True, f"The course is in {root}.")
    imported = Path(parts.__file__).resolve().parents[1]
    if (root / "course").is_dir() and imported != root.resolve():
        what = f"Python imports `course` from {imported}, not from {root}."
        yield Finding(None, what, f"If that is not meant: pip install -e {root}")


def _folders(root: Path | None) -> Iterator[Finding]:
    folders = {"temporary files": Path(tempfile.gettempdir())}
    if root is not None and root.is_dir():
        folders = {"the course": root, "progress": root / ".layerwise", **folders}
    folders["Keras's data and settings"] = keras_json().parent
    for role, folder in folders.items():
        reason = _not_writable(folder)
        if reason:
            what = f"{folder} ({role}) can't be written to: {reason}."
            yield Finding(False, what, "Change its permissions, or use another folder.")
    place = root if root is not None and root.is_dir() else Path(tempfile.gettempdir())
    for folder in dict.fromkeys((place, Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        what = f"{free / 2**30:.1f} GiB free at {folder}."
        if free < _SPACE:
            yield Finding(False, what, "Too little: free some space.")
        else:
            yield Finding(True, what)


def _not_writable(folder: Path) -> str:
    """Why nothing can be written there, or ''; a missing folder is asked for its parent."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or "unknown reason"


# Processes


def _processes() -> Iterator[Finding]:
    if hasattr(os, "fork"):
        yield Finding(True, "Checks run in forked processes.")
    else:
        what = f"{platform.system()} can't fork: checks start more slowly."
        yield Finding(None, what, "Nothing to do; WSL is faster.")
    yield from _isolation()


def _isolation() -> Iterator[Finding]:
    """Which isolation instructors can grade with here, and why no stronger one."""
    from autograder.grading import places

    namespaces, landlock = places.report("namespaces"), places.report("landlock")
    if namespaces.isolated:
        what = f"Submissions of others can be graded in isolation ({namespaces.means})."
        yield Finding(True, what)
    else:
        what = f"Submissions of others can't be isolated here: {namespaces.reason}"
        yield Finding(None, what, f"For instructors only: {namespaces.way_out}")
    if landlock.isolated:
        what = "A weaker isolation, for machines without namespaces, can be had: "
        yield Finding(True, f"{what}--isolation landlock.")
    elif not namespaces.isolated:
        what = f"Nor is there the weaker --isolation landlock: {landlock.reason}"
        yield Finding(None, what, f"For instructors only: {landlock.way_out}")


def _services(root: Path | None) -> Iterator[Finding]:
    if root is None:
        return
    from autograder.grading import runtime

    try:
        runtime.folder()
    except OSError as error:
        yield Finding(False, f"No folder for the checker's socket: {error}")
        return
    for name in BACKENDS:
        path = runtime.socket_path(root, name)
        if not path.exists():
            continue
        if _answers(path):
            yield Finding(True, f"A checker with {BACKENDS[name]} is running.")
        else:
            what = f"{path} is left over from a checker that has ended."
            yield Finding(None, what, "The next check replaces it.")


def _answers(path: Path) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _imports() -> Finding:
    """Whether Keras can be imported, tried in a process of its own."""
    name = backend()
    done = subprocess.run(
        [sys.executable, "-c", "import keras; keras.ops.ones(2) + 1"],
        env={**os.environ, "KERAS_BACKEND": name, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode == 0:
        return Finding(True, f"Keras computes on {name}.")
    said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
    # The course itself is in no package index: it can only be installed from its folder.
    mend = "Install it afresh, in the course's folder: "
    mend += f"pip install --force-reinstall -e '.[{name}]'"
    return Finding(False, f"Keras can't be imported on {name}: {said[0]}", mend)


def doctor(
    keras: Annotated[
        bool, typer.Option("--keras", help="Also import Keras; takes some seconds.")
    ] = False,
) -> None:
    """Look for what is wrong with this installation."""
    from course.cli.render import console, show_findings

    every = list(findings(parts.project_root()))
    if keras:
        every.append(_imports())
    show_findings(console(), every)
    if any(finding.fine is False for finding in every):
        raise typer.Exit(1)
