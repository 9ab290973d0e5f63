"""Which backend checks run on, and what stands in its way. Imports no Keras."""

import importlib.util
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.cli.client import CheckingFailed

BACKENDS = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
_DISTRIBUTIONS = {
    "tensorflow": ("tensorflow-cpu", "tensorflow", "tensorflow-macos"),
    "torch": ("torch",),
    "jax": ("jax",),
}
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
    chosen = _read().get("backend", "tensorflow")
    if isinstance(chosen, str) and chosen in BACKENDS and _installed(chosen):
        return chosen
    return next(filter(_installed, ("torch", "tensorflow", "jax")), "tensorflow")


def preflight() -> list[str]:
    """What keeps every check from running, a line each; cheap."""
    wrong = [f for f in (_none_installed(), _asked_for(), *settings()) if f is not None]
    return [finding.line for finding in wrong if finding.fine is False]


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


def version(distribution: str) -> str:
    """The installed version of a distribution, or ''."""
    import importlib.metadata  # 20 ms that `backend` does not need

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def installed() -> Iterator[Finding]:
    """The backends that are there, and whether the one asked for is."""
    nothing = _none_installed()
    if nothing is not None:
        yield nothing
        return
    for name in filter(_installed, BACKENDS):
        versions = filter(None, map(version, _DISTRIBUTIONS[name]))
        used = ", in use" if name == backend() else ""
        yield Finding(True, f"{BACKENDS[name]} {next(versions, '')}{used}.")
    for name in ("torch", "tensorflow"):
        if not _installed(name):
            what = f"{BACKENDS[name]} is not installed; one is enough."
            yield Finding(
                None, what, f"If you want it: pip install 'layerwise[{name}]'"
            )
    wrong = _asked_for()
    if wrong is not None:
        yield wrong


def _none_installed() -> Finding | None:
    if any(map(_installed, BACKENDS)):
        return None
    mend = "Install one of them, for instance: pip install 'layerwise[torch]'"
    return Finding(False, "Neither PyTorch nor TensorFlow is installed.", mend)


def _asked_for() -> Finding | None:
    """What speaks against the backend in KERAS_BACKEND, or None."""
    named = os.environ.get("KERAS_BACKEND")
    return _usable(named, "KERAS_BACKEND") if named else None


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


def _read() -> dict[str, Any]:
    """The content of keras.json; {} where it is missing or broken."""
    try:
        settings = json.loads(keras_json().read_bytes())
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def settings() -> Iterator[Finding]:
    """What keras.json says, and whether checks can live with it."""
    path = keras_json()
    remove = f"Mend it, or remove it: rm {path}"
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        yield Finding(True, f"No {path}: Keras's own settings are in force.")
        return
    except OSError as error:
        yield Finding(False, f"{path} can't be read ({error.strerror}).", remove)
        return
    except ValueError as error:
        yield Finding(False, f"{path} is not JSON ({error}).", remove)
        return
    if not isinstance(found, dict):
        yield Finding(False, f"{path} is not a JSON object.", remove)
        return
    wrong = list(_wrong_settings(path, found))
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
    if not isinstance(chosen, str) or chosen not in BACKENDS:
        what = f"{path} chooses the backend {chosen!r}."
        yield Finding(False, what, f"The course runs on {' or '.join(BACKENDS)}.")
    elif not _installed(chosen) and _installed(backend()):
        what = f"{path} chooses {chosen}, which is not installed; checks run on "
        what += f"{backend()}."
        mend = f'For your own scripts, write "backend": "{backend()}" there.'
        yield Finding(None, what, mend)
