"""Unpacks archives that nobody has looked into: only what is wanted, within limits."""

import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

WANTED = (".py", ".ipynb", ".zip")
MAX_FILE = 20 * 2**20  # bytes of one file, unpacked
MAX_TOTAL = 4 * 2**30  # bytes of everything unpacked
MAX_MEMBERS = 200_000  # names in one archive
_CHUNK = 2**16


@dataclass
class Unpacked:
    """What came out of archives.

    Attributes:
        problems: Sentences about what was left where it is.
        size: Bytes so far, of all archives that share this.
    """

    problems: list[str] = field(default_factory=list)
    size: int = 0


def unpack(archive: Path, into: Path, so_far: Unpacked, shown_as: str) -> None:
    """Writes the archive's exercise files, notebooks and archives below `into`.

    Names that lead elsewhere, links, what is encrypted or too large, and a second file
    of the same name are left out and told of; sizes are counted while unpacking, not
    believed.
    """
    into.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as members:
            for info in _members(members, so_far, shown_as):
                path = _place(info.filename)
                if path is None:
                    so_far.problems.append(
                        f"{shown_as}: {info.filename[:200]!r} leads out of the archive."
                    )
                elif so_far.size >= MAX_TOTAL:
                    so_far.problems.append(
                        f"{shown_as}: more than {MAX_TOTAL // 2**30} GiB in all; the "
                        "rest is left out."
                    )
                    return
                else:
                    _write(members, info, into / path, so_far, shown_as)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        so_far.problems.append(f"{shown_as} is no whole zip file ({error}).")


def _members(
    members: zipfile.ZipFile, so_far: Unpacked, shown_as: str
) -> Iterator[zipfile.ZipInfo]:
    """The files that may be wanted."""
    for number, info in enumerate(members.infolist()):
        if number >= MAX_MEMBERS:
            so_far.problems.append(f"{shown_as} holds more than {MAX_MEMBERS} files.")
            return
        kind = stat.S_IFMT(info.external_attr >> 16)
        wanted = info.filename.lower().endswith(WANTED) and not info.is_dir()
        if wanted and kind not in (0, stat.S_IFREG):
            so_far.problems.append(
                f"{shown_as}: {info.filename[:200]!r} is a link or a device."
            )
        elif wanted:
            yield info


def _place(name: str) -> Path | None:
    """Where a member goes, relative to the folder; None if it leads elsewhere."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = path.parts
    if path.is_absolute() or ".." in parts or (parts and ":" in parts[0][:2]):
        return None
    if not parts or len(parts) > 40 or any(len(os.fsencode(p)) > 240 for p in parts):
        return None
    return Path(*parts)


def _write(
    members: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    path: Path,
    so_far: Unpacked,
    shown_as: str,
) -> None:
    name = f"{shown_as}: {info.filename[:200]!r}"
    size = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with members.open(info) as packed, open(path, "xb") as file:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                if size > MAX_FILE or so_far.size + size > MAX_TOTAL:
                    raise ValueError(f"is larger than {MAX_FILE // 2**20} MiB")
                file.write(chunk)
    except FileExistsError:
        so_far.problems.append(f"{name} is there twice; the first counts.")
    except RuntimeError as error:  # how zipfile says that a password is needed
        path.unlink(missing_ok=True)
        so_far.problems.append(f"{name} can't be read: {error}.")
    except ValueError as error:
        path.unlink(missing_ok=True)
        so_far.problems.append(f"{name} {error}.")
    so_far.size += size
