"""Published data sets: found or fetched, and refused unless they are as published.

A file is looked for in the folder `LAYERWISE_DATA`, under the name of its data set
(`mnist/train-images-idx3-ubyte.gz`), then in Keras's cache; otherwise it is downloaded
into that cache. It is read once, whole, and what is then parsed are the bytes whose
sha256 has been compared.
"""

import contextlib
import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_PATIENCE = 30.0  # seconds that a server may keep silent


class DataProblem(RuntimeError):
    """A data set that can't be had, or is not as published; the message says why."""


def read(data_set: str, filename: str, url: str, sha256: str) -> bytes:
    """The bytes of a published file.

    Args:
        data_set: Its data set, `mnist`: the name of the folder it lies in.
        filename: What the publisher calls it.
        url: Where it can be downloaded.
        sha256: What its content must have as hash, in hexadecimal digits.

    Raises:
        DataProblem: If the file is neither here nor to be downloaded, or is another.
    """
    root = folder()
    if root is not None and (root / data_set / filename).exists():
        return verified(root / data_set / filename, sha256)
    return verified(_downloaded(data_set, filename, url, sha256), sha256)


def is_here(data_set: str, filename: str, sha256: str) -> bool:
    """Whether a published file needs no download.

    In `LAYERWISE_DATA` the name is enough: what is wrong with a file there is said when
    it is read. What Keras's cache has of a download that was cut off is not here.
    """
    root = folder()
    if root is not None and (root / data_set / filename).exists():
        return True
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    cached = home / "datasets/layerwise" / data_set / filename
    return cached.is_file() and _sha256(cached.read_bytes()) == sha256


def folder() -> Path | None:
    """The folder that `LAYERWISE_DATA` names.

    Raises:
        DataProblem: If it isn't there.
    """
    named = os.environ.get("LAYERWISE_DATA")
    if not named:
        return None
    root = Path(named).expanduser()
    if not root.is_dir():
        raise DataProblem(f"LAYERWISE_DATA names {named}, but there is no such folder.")
    return root


def verified(path: Path, sha256: str) -> bytes:
    """What is in the file, if it has this hash.

    Raises:
        DataProblem: If it can't be read or has another hash.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataProblem(f"{path} can't be read: {error.strerror}.") from error
    if _sha256(content) != sha256:
        raise DataProblem(
            f"{path} ({len(content):,} bytes) is not the file that was published: it is "
            f"truncated or altered. Remove it and load again, or fetch it anew. "
            f"Its sha256 must be {sha256}."
        )
    return content


def _downloaded(data_set: str, filename: str, url: str, sha256: str) -> Path:
    from keras.utils import get_file  # seconds, so only where something is missing

    try:
        with _patience():
            path = get_file(
                filename,
                url,
                file_hash=sha256,
                hash_algorithm="sha256",
                cache_subdir=f"datasets/layerwise/{data_set}",
            )
    except Exception as error:  # Keras raises no narrower one for a failed download
        raise DataProblem(
            f"{data_set} needs {filename}, which could not be downloaded: {error} "
            f"Without a network: get {url} elsewhere, put it into a folder {data_set}/ "
            "and let LAYERWISE_DATA name the folder around that."
        ) from error
    return Path(path)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """A network that has died ends in an error. Keras's `get_file` would wait forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
