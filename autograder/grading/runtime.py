"""Where the warm service of a project listens. No heavy imports: the client needs it."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path


class UnsafeFolder(OSError):
    """The folder for sockets belongs to somebody else or is open to others."""


def folder() -> Path:
    """A private folder for sockets and logs, made if it is missing.

    Raises:
        UnsafeFolder: If another user owns it or may write to it.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and os.access(base, os.W_OK):
        path = Path(base, "layerwise")
    else:
        path = Path(tempfile.gettempdir(), f"layerwise-{_user()}")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    wrong_owner = hasattr(os, "getuid") and status.st_uid != os.getuid()
    if not stat.S_ISDIR(status.st_mode) or wrong_owner or status.st_mode & 0o077:
        raise UnsafeFolder(
            f"{path} must be a folder that only you can use. Remove it, or set "
            "XDG_RUNTIME_DIR to a private folder."
        )
    return path


def socket_path(root: Path, backend: str) -> Path:
    """The socket of one project's service on one backend."""
    key = hashlib.sha256(f"{root.resolve()}\0{backend}".encode()).hexdigest()[:16]
    return folder() / f"{key}.sock"


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "")


def fingerprint(root: Path) -> str:
    """Changes when the course's or the engine's own code does."""
    digest = hashlib.sha256()
    for top in ("course", "autograder/sandbox", "autograder/grading"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".py", ".toml", ".sh"):
                digest.update(f"{path}\0{path.stat().st_mtime_ns}\0".encode())
    return digest.hexdigest()
