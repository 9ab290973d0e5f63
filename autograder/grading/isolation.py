"""Workers in namespaces of their own: for code that nobody has read (Linux).

The template is started by exec in a room that shows Python, the system's libraries,
`course/` and `autograder/sandbox/`, and nothing else: see docs/sandbox.md. Bubblewrap
makes the room if it is installed; a superuser, or a user without it, asks the kernel
directly.
"""

import functools
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.grading.transport import Workers, template_environment
from autograder.sandbox import confinement, kernel
from autograder.sandbox.enclosure import DEVICES, LINKS, Room

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "/layerwise"  # where course/ and autograder/sandbox/ are seen
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
PACKAGES = ("site-packages", "dist-packages")
_ALSO = (  # the loader's index; NumPy's libraries on Debian; how many cores there are
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/sys/devices/system/cpu",
    "/nix/store",
    "/gnu/store",
)
_OLDEST = (5, 14)  # Linux counts processes for each user namespace from here on
_TRY_SECONDS = 30
_SETTINGS = Path("/proc/sys")


class CannotIsolate(RuntimeError):
    """Submissions can't be isolated on this machine; the message says why."""


@dataclass(frozen=True)
class Report:
    """What this machine can give.

    Attributes:
        means: `bubblewrap`, `kernel` (namespaces asked for directly) or '' for none.
        reason: Why there is none, a sentence; '' otherwise.
        way_out: What to do about it, a sentence.
    """

    means: str = ""
    reason: str = ""
    way_out: str = ""

    @property
    def isolated(self) -> bool:
        return bool(self.means)


def namespaced(backend: str, **options: Any) -> Workers:
    """Workers that see neither this project nor each other, nor any network.

    Args:
        backend: Keras's.
        **options: Of `Workers`.

    Raises:
        CannotIsolate: If this machine can't give that; there is no weaker kind.
        TemplateFailed: If the template does not start.
    """
    report = possible()
    if not report.isolated:
        raise CannotIsolate(f"{report.reason} {report.way_out}")
    command = [sys.executable, "-m", "autograder.sandbox.template", "--enclosed"]
    environment = {**_environment(), **template_environment(backend)}
    return Workers(_enclosed(report.means, command), environment, **options)


@functools.cache
def possible() -> Report:
    """Tries, in a fraction of a second, whether a worker can be confined here."""
    if sys.platform != "linux":
        return Report(
            reason=f"{platform.system()} has no namespaces.",
            way_out="Use a Linux machine, a Linux container, or WSL 2.",
        )
    version = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
    if version < _OLDEST or not kernel.known_machine():
        return Report(
            reason=f"Linux {platform.release()} on {platform.machine()} is not known "
            "to hold submissions.",
            way_out="Use Linux 5.14 or newer on x86-64 or ARM64.",
        )
    try:
        _room()
    except CannotIsolate as error:
        return Report(reason=str(error), way_out="Install Python elsewhere.")
    complaints = []
    for means in _means():
        complaint = _tried(means)
        if not complaint:
            return Report(means=means)
        complaints.append(complaint)
    return Report(reason=_sentence(complaints[-1]), way_out=_way_out(complaints[-1]))


def _means() -> Iterator[str]:
    if os.geteuid() != 0 and shutil.which("bwrap"):
        yield "bubblewrap"
    yield "kernel"


def _tried(means: str) -> str:
    """Confines a process that does nothing; the complaint if that fails."""
    trial = [sys.executable, "-S", "-m", "autograder.sandbox.confinement"]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            done = subprocess.run(
                [*_enclosed(means, trial), str(theirs.fileno())],
                env=_environment(),
                pass_fds=[theirs.fileno()],
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
    return lines[-1].removeprefix("The sandbox can't be made: ")


def _sentence(complaint: str) -> str:
    return f"The kernel refuses to make namespaces ({complaint[:300]})."


def _way_out(complaint: str) -> str:
    if "libseccomp" in complaint:
        return "Install libseccomp (Debian, Ubuntu: apt-get install libseccomp2)."
    for setting, refuses, allows in (
        ("user/max_user_namespaces", "0", "15000"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ):
        path = _SETTINGS / setting
        if path.exists() and path.read_text().strip() == refuses:
            name = setting.replace("/", ".")
            return f"As root: sysctl -w {name}={allows} (docs/sandbox.md has more)."
    if any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")):
        return (
            "Start this container with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined."
        )
    return "docs/sandbox.md says what is needed."


# What is seen inside


def _enclosed(means: str, command: list[str]) -> list[str]:
    """The command that runs `command` in the room; a descriptor is to be appended."""
    if means == "bubblewrap":
        enclosure = [sys.executable, "-S", "-m", "autograder.sandbox.enclosure"]
        return [*_bubblewrap(_room()), *enclosure, "--", *command]
    start = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        "from autograder.sandbox import enclosure; enclosure.main()"
    )
    build = [sys.executable, "-I", "-S", "-c", start]
    return [*build, "--build", _room().as_json(), "--", *command]


def _bubblewrap(room: Room) -> list[str]:
    options = "--unshare-all --unshare-user --cap-drop ALL".split()
    for path, source in room.shown:
        options += ["--ro-bind", source, path] if source else ["--tmpfs", path]
    for path, target in {**LINKS, **room.links}.items():
        options += ["--symlink", target, path]
    for name in DEVICES:
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    options += ["--proc", "/proc", "--dir", confinement.SCRATCH]
    for path, source in room.shown:
        options += [] if source else ["--remount-ro", path]
    bubblewrap = shutil.which("bwrap")
    assert bubblewrap is not None
    return [bubblewrap, *options, "--remount-ro", "/", "--chdir", "/", "--"]


def _environment() -> dict[str, str]:
    """All that a process inside learns: nothing of the one outside."""
    scratch = confinement.SCRATCH
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "student",
        "HOME": f"{scratch}/home",
        "TMPDIR": scratch,
        "KERAS_HOME": f"{scratch}/keras",
        "MPLCONFIGDIR": f"{scratch}/home",
        "PYTHONPATH": os.pathsep.join([INSIDE, *packages()]),
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _room() -> Room:
    """What is shown.

    Raises:
        CannotIsolate: If Python can't be shown without showing what is secret.
    """
    room = Room()
    for name in _SYSTEM:
        if os.path.isdir(f"/usr/{name}") and not os.path.islink(f"/usr/{name}"):
            room.shown.append((f"/usr/{name}", f"/usr/{name}"))
        if os.path.islink(f"/{name}"):
            room.links[f"/{name}"] = os.readlink(f"/{name}")
        elif os.path.isdir(f"/{name}"):
            room.shown.append((f"/{name}", f"/{name}"))
    room.shown += [(path, path) for path in _ALSO if os.path.exists(path)]
    for folder in (*_python_folders(), *packages()):
        _refuse_if_it_shows_too_much(folder)
        room.shown.append((folder, folder))
    _hide_the_project(room)
    for name in ("course", "autograder/__init__.py", "autograder/sandbox"):
        room.shown.append((f"{INSIDE}/{name}", str(ROOT / name)))
    if not any(is_within(path, "/tmp") for path, _ in room.shown):
        room.links["/tmp"] = confinement.SCRATCH
    return room


def _python_folders() -> Iterator[str]:
    """Where this Python is installed, by the names it goes by and by the real ones."""
    program = Path(os.path.realpath(sys.executable))
    homes = {sys.prefix, sys.base_prefix, str(program.parent.parent)}
    for home in sorted(homes | {os.path.realpath(home) for home in homes}):
        if home == "/usr":
            continue  # its libraries are shown already
        if home == "/usr/local":
            yield from (p for n in _SYSTEM if os.path.isdir(p := f"{home}/{n}"))
        else:
            yield home


def seen() -> tuple[list[str], list[str]]:
    """Files and folders that a submission may see, and what in them it may not.

    Raises:
        CannotIsolate: If Python can't be shown without showing what is secret.
    """
    room = _room().shown
    shown = [source for _, source in room if source]
    return shown, [path for path, source in room if not source]


def packages() -> list[str]:
    """Folders of packages that are neither Python's own nor the environment's."""
    homes = [*_python_folders(), "/usr/lib"]
    return [
        path
        for path in dict.fromkeys(map(os.path.abspath, sys.path))
        if os.path.basename(path) in PACKAGES and os.path.isdir(path)
        if not any(is_within(path, home) for home in homes)
    ]


def _refuse_if_it_shows_too_much(folder: str) -> None:
    home = os.path.expanduser("~")
    if is_within(home, folder):
        raise CannotIsolate(f"{folder} holds Python, but also {home}, your home.")
    if folder == str(ROOT) and ROOT.name not in PACKAGES:
        raise CannotIsolate(f"{folder} holds Python, but also the course itself.")


def _hide_the_project(room: Room) -> None:
    """Covers checks and solutions where a folder that is shown has them in it."""
    shown = [path for path, _ in room.shown]
    if not any(is_within(str(ROOT), path) for path in shown):
        return
    if ROOT.name in PACKAGES:
        names = ("autograder", "solutions", "exercises", "tests")
        room.shown += [(str(ROOT / n), "") for n in names if (ROOT / n).is_dir()]
    else:
        room.shown.append((str(ROOT), ""))
        room.shown += [(path, path) for path in shown if is_within(path, str(ROOT))]


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return Path(folder) in (Path(path), *Path(path).parents)
