"""What CIFAR-10 and CIFAR-100 have in common: their files and their records.

Both come as "binary version": records of one or two label bytes, then 1,024 red, 1,024
green and 1,024 blue bytes, row by row. (The publisher's "python version" is pickled, and
a pickle is a program: it is not read here.)
"""

import io
import json
import lzma
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course.data import Data, published
from course.data.published import DataProblem

_URL = "https://www.cs.toronto.edu/~kriz/"
_PIXELS = 3 * 32 * 32


class Layout(NamedTuple):
    """Where in the publisher's archive, or in an excerpt, things are.

    Attributes:
        archive: The file to download, and its hash.
        members: The files in it that hold the training set, then that of the test set.
        class_names: The file in it that lists the classes, one a line.
        label_bytes: How many label bytes a record has.
        label: Which of them counts.
        excerpt_labels: What the labels are called in an excerpt.
        excerpt_names: What the list of classes is called in an excerpt's classes.json.
    """

    archive: tuple[str, str]
    members: tuple[tuple[str, ...], tuple[str, ...]]
    class_names: str
    label_bytes: int
    label: int
    excerpt_labels: str
    excerpt_names: str


def load(data_set: str, layout: Layout) -> Data:
    """The whole data set, or the excerpt that lies in `LAYERWISE_DATA`.

    Raises:
        DataProblem: If it can't be had, or is not as published.
    """
    root = published.folder()
    if root is not None and is_excerpt(data_set, layout):
        return _excerpt(root, data_set, layout)
    filename, sha256 = layout.archive
    content = published.read(data_set, filename, _URL + filename, sha256)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {Path(m.name).name: m for m in archive.getmembers() if m.isfile()}
        lines = _member(archive, files, layout.class_names).decode().split("\n")
        class_names = tuple(line.strip() for line in lines if line.strip())
        parts: list[NDArray] = []
        for names in layout.members:
            whole = b"".join(_member(archive, files, name) for name in names)
            parts += parse_records(whole, layout, len(class_names))
    x_train, y_train, x_test, y_test = parts
    return Data(_scaled(x_train), y_train, _scaled(x_test), y_test, class_names)


def is_here(data_set: str, layout: Layout) -> bool:
    """Whether the archive or an excerpt is."""
    return is_excerpt(data_set, layout) or published.is_here(data_set, *layout.archive)


def is_excerpt(data_set: str, layout: Layout) -> bool:
    """Whether `LAYERWISE_DATA` holds an excerpt and not the archive."""
    root = published.folder()
    if root is None or (root / data_set / layout.archive[0]).exists():
        return False
    return (root / data_set / "train_part1_images.npy.xz").exists()


def parse_records(
    content: bytes, layout: Layout, classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images `(B, 32, 32, 3)` and labels `(B,)` of the publisher's records.

    Raises:
        DataProblem: If the last record is incomplete, or a label is no class's.
    """
    length = layout.label_bytes + _PIXELS
    if not content or len(content) % length:
        raise DataProblem(
            f"CIFAR's records have {length:,} bytes each; {len(content):,} bytes are no "
            "whole number of them."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, length)
    labels = records[:, layout.label].astype("int64")
    if labels.max() >= classes:
        raise DataProblem(f"There are {classes} classes, but a label {labels.max()}.")
    planes = records[:, layout.label_bytes :].reshape(-1, 3, 32, 32)  # (B, C, H, W)
    return planes.transpose(0, 2, 3, 1), labels


def _member(
    archive: tarfile.TarFile, files: dict[str, tarfile.TarInfo], name: str
) -> bytes:
    if name not in files:
        raise DataProblem(f"The archive has no {name}; it has {', '.join(files)}.")
    opened = archive.extractfile(files[name])
    assert opened is not None  # members without content were left out
    return opened.read()


def _excerpt(root: Path, data_set: str, layout: Layout) -> Data:
    """A part of the data set as NumPy files, their hashes in the folder's MANIFEST.json."""
    hashes = _manifest(root)

    def content(name: str) -> bytes:
        path = f"{data_set}/{name}"
        if path not in hashes:
            raise DataProblem(f"{root / 'MANIFEST.json'} has no sha256 of {path}.")
        return published.verified(root / path, hashes[path])

    def part(name: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        images = np.load(io.BytesIO(lzma.decompress(content(f"{name}_images.npy.xz"))))
        file = f"{name}_{layout.excerpt_labels}.npy"
        return _scaled(images), np.load(io.BytesIO(content(file))).astype("int64")

    class_names = json.loads(content("classes.json"))[layout.excerpt_names]
    return Data(*part("train_part1"), *part("test_part1"), tuple(class_names))


def _manifest(root: Path) -> dict[str, str]:
    """The sha256 of each file, by its path in the folder."""
    try:
        entries = json.loads((root / "MANIFEST.json").read_text(encoding="utf-8"))
        return {entry["path"]: entry["sha256"] for entry in entries["entries"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataProblem(
            f"{root} holds an excerpt of CIFAR, but no MANIFEST.json with its sha256: "
            f"{error!r}."
        ) from error


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (pixels / np.float32(255)).astype("float32", copy=False)
