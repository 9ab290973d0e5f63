"""`layerwise doctor`: what is wrong with this installation, and how to mend it.

Reads files and package metadata only: it has to work where Keras can't be imported.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from course import parts
from course.cli.client import CheckingFailed

BACKENDS = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
_DISTRIBUTIONS = {
    "tensorflow": ("tensorflow-cpu", "tensorflow", "tensorflow-macos"),
    "torch": ("torch",),
    "jax": ("jax",),
}
_SPACE = 500 * 2**20  # bytes that must be free

# What Keras accepts in keras.json, and what the checks are written for.
_SETTINGS = {"floatx": "float32", "image_data_format": "channels_last"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        fine: True, False, or None for something to know that breaks nothing.
        what: What was found.
        mend: What to do about it.
    """

    fine: bool | None
    what: str
    mend: str = ""

    @property
    def line(self) -> str:
        return f"{self.what} {self.mend}".rstrip()


def backend() -> str:
    """The backend that checks run on, without importing Keras.

    `KERAS_BACKEND` decides, then `keras.json`, then Keras's default. A default or a
    `keras.json` that names a backend which is not installed gives way to one that is:
    Keras itself writes "tensorflow" into that file on its first import.
    """
    named = os.environ.get("KERAS_BACKEND")
    if named:
        return named
    chosen = _settings().get("backend", "tensorflow")
    if chosen in BACKENDS and _installed(chosen):
        return chosen
    return next(filter(_installed, ("torch", "tensorflow", "jax")), "tensorflow")


def preflight() -> list[str]:
    """What keeps every check from running, a line each; cheap."""
    return [f.line for f in (*_backends(), *_keras_json()) if f.fine is False]


def refuse_if_broken(named: str = "") -> None:
    """Raises CheckingFailed with the first fault that keeps checks from running.

    Args:
        named: A backend asked for in so many words, instead of `KERAS_BACKEND`.
    """
    if named:
        finding = _usable(named, "--backend")
        if finding is not None:
            raise CheckingFailed(finding.line)
        return
    for line in preflight():
        raise CheckingFailed(line)


def findings(root: Path | None) -> Iterator[Finding]:
    """Everything that doctor looks at, as it is found."""
    yield from _versions(root)
    yield from _backends()
    yield from _keras_json()
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
        version = _version(requirement.name)
        name = f"{requirement.name} {version}".rstrip()
        if not version:
            mend = f"pip install '{requirement}'"
            yield Finding(False, f"{requirement.name} is not installed.", mend)
        elif not requirement.specifier.contains(version, prereleases=True):
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
    try:
        about = importlib.metadata.metadata("layerwise")
        requires = importlib.metadata.requires("layerwise") or []
    except importlib.metadata.PackageNotFoundError:
        return ">=3.11", []
    python = about.get("Requires-Python") or ">=3.11"
    return python, [line for line in requires if "extra ==" not in line]


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


# Backends and Keras's settings


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _backends() -> Iterator[Finding]:
    there = [name for name in BACKENDS if _installed(name)]
    if not there:
        mend = "Install one of them, for instance: pip install 'layerwise[torch]'"
        yield Finding(False, "Neither PyTorch nor TensorFlow is installed.", mend)
        return
    for name in there:
        versions = filter(None, map(_version, _DISTRIBUTIONS[name]))
        used = ", in use" if name == backend() else ""
        yield Finding(True, f"{BACKENDS[name]} {next(versions, '')}{used}.")
    missing = [name for name in ("torch", "tensorflow") if name not in there]
    for name in missing:
        mend = f"If you want it: pip install 'layerwise[{name}]'"
        yield Finding(None, f"{BACKENDS[name]} is not installed; one is enough.", mend)
    named = os.environ.get("KERAS_BACKEND")
    if named:
        yield _usable(named, "KERAS_BACKEND") or Finding(True, f"KERAS_BACKEND={named}.")


def _usable(named: str, where: str) -> Finding | None:
    """What speaks against a backend that was asked for, or None."""
    known = " or ".join(BACKENDS)
    way_out = "" if where == "--backend" else f", or take it away: unset {where}"
    if named not in BACKENDS:
        what = f"{where} is {named!r}, which the course can't run on."
        return Finding(False, what, f"Use {known}{way_out}")
    if not _installed(named):
        what = f"{where} is {named!r}, but {BACKENDS[named]} is not installed."
        return Finding(False, what, f"pip install 'layerwise[{named}]'{way_out}")
    return None


def keras_json() -> Path:
    """Where Keras reads its settings."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        base = os.path.expanduser("~")
        home = os.path.join(base if os.access(base, os.W_OK) else "/tmp", ".keras")
    return Path(os.path.expanduser(home), "keras.json")


def _settings() -> dict[str, Any]:
    """The content of keras.json; {} where it is missing or broken."""
    try:
        settings = json.loads(keras_json().read_bytes())
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _keras_json() -> Iterator[Finding]:
    path = keras_json()
    remove = f"Mend it, or remove it: rm {path}"
    try:
        settings = json.loads(path.read_bytes())
    except FileNotFoundError:
        yield Finding(True, f"No {path}: Keras's own settings are in force.")
        return
    except OSError as error:
        yield Finding(False, f"{path} can't be read ({error.strerror}).", remove)
        return
    except ValueError as error:
        yield Finding(False, f"{path} is not JSON ({error}).", remove)
        return
    if not isinstance(settings, dict):
        yield Finding(False, f"{path} is not a JSON object.", remove)
        return
    wrong = list(_wrong_settings(path, settings))
    yield from wrong or [Finding(True, f"{path} is readable.")]


def _wrong_settings(path: Path, settings: dict[str, Any]) -> Iterator[Finding]:
    for key, wanted in _SETTINGS.items():
        value = settings.get(key, wanted)
        if value != wanted:
            what = f"{path} sets {key} to {value!r}."
            yield Finding(False, what, f"The checks need {wanted!r}: change it there.")
    if type(settings.get("epsilon", 1e-7)) is not float:
        what = f"{path} sets epsilon to {settings['epsilon']!r}, which Keras refuses."
        yield Finding(False, what, "Set it to 1e-07.")
    chosen = settings.get("backend", "tensorflow")
    if os.environ.get("KERAS_BACKEND"):
        return  # it overrides the file
    if chosen not in BACKENDS:
        what = f"{path} chooses the backend {chosen!r}."
        yield Finding(False, what, f"The course runs on {' or '.join(BACKENDS)}.")
    elif not _installed(chosen) and _installed(backend()):
        what = f"{path} chooses {chosen}, which is not installed; checks run on "
        what += f"{backend()}."
        mend = f'For your own scripts, write "backend": "{backend()}" there.'
        yield Finding(None, what, mend)


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
    try:
        from autograder.grading import isolation
    except ImportError:
        return
    report = isolation.possible()
    if report.isolated:
        yield Finding(True, "Submissions of others can be graded in isolation.")
    else:
        what = f"Submissions of others can't be isolated here: {report.reason}"
        yield Finding(None, what, f"For instructors only: {report.way_out}")


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
    mend = f"Install it afresh: pip install --force-reinstall 'layerwise[{name}]'"
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
