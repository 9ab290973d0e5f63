"""An autograder for Gradescope: the archive that an instructor uploads there.

`setup.sh` installs Python and makes the user that student code runs as;
`run_autograder` starts `gradescope_run`, which judges and writes results.json.
"""

import json
import os
import secrets
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.delivery import policy
from autograder.delivery.gradescope_run import SETTINGS
from autograder.delivery.kit import CannotRelease
from course.syllabus import Exercise, Unit

_TEMPLATES = Path(__file__).with_name("templates")
_SCRIPTS = {
    "setup.sh": "gradescope_setup.sh",
    "run_autograder": "gradescope_run_autograder",
    "layerwise/close.sh": "gradescope_close.sh",
}
_CODE = ("course", "autograder/sandbox", "autograder/grading", "autograder/delivery")
_KINDS = (".py", ".toml", ".html")


def write(
    out: Path,
    root: Path,
    units: Sequence[Unit],
    backend: str = "",
    attempts: str = "",
) -> None:
    """Writes the archive, whole or not at all.

    Args:
        out: The archive, a .zip.
        root: The project folder.
        units: Whose exercises it grades; those that have no checks yet are left out.
        backend: `torch` or `tensorflow`; '' for the one in use here.
        attempts: How often a student may have it judged, `5/day`; '' for no limit.

    Raises:
        CannotRelease: If there is nothing to grade.
        BadPolicy: If `attempts` is no limit.
    """
    from course.cli.backends import backend as chosen

    if attempts:
        policy.Limit.of(attempts)
    exercises = [e for unit in units for e in unit.exercises if _written(e, root)]
    if not exercises:
        raise CannotRelease("None of these units has an exercise with checks yet.")
    settings = {
        "exercises": [exercise.id for exercise in exercises],
        "backend": backend or chosen(),
        "attempts": attempts,
        "secret": secrets.token_hex(32),  # so that a second run gets the same inputs
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f"{out.name}.part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, template in _SCRIPTS.items():
            _add(archive, name, (_TEMPLATES / template).read_bytes(), 0o755)
        for path in _files(root, exercises):
            _add(archive, f"layerwise/{path.as_posix()}", (root / path).read_bytes())
        needed = _requirements(root, str(settings["backend"]))
        _add(archive, "layerwise/requirements.txt", needed.encode())
        _add(archive, f"layerwise/{SETTINGS}", json.dumps(settings).encode(), 0o600)
    os.replace(unfinished, out)


def _written(exercise: Exercise, root: Path) -> bool:
    checks = root / "exercises" / exercise.unit / f"test_{exercise.name}.py"
    return checks.exists() and (root / "solutions" / exercise.path).exists()


def _add(archive: zipfile.ZipFile, name: str, data: bytes, mode: int = 0o644) -> None:
    info = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)


def _files(root: Path, exercises: Sequence[Exercise]) -> Iterator[Path]:
    """What grading needs, relative to the project."""
    yield Path("pyproject.toml")
    yield Path("constraints.txt")
    yield Path("autograder/__init__.py")
    for folder in _CODE:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _KINDS:
                yield path.relative_to(root)
    for exercise in exercises:
        checks = f"{exercise.unit}/test_{exercise.name}.py"
        for path in (
            Path("exercises", checks),
            Path("solutions") / exercise.path,
            Path("autograder/hidden", checks),
            Path("autograder/mistakes", exercise.unit, f"{exercise.name}.toml"),
        ):
            if (root / path).exists():
                yield path


def _requirements(root: Path, backend: str) -> str:
    """What is to be installed there: Layerwise's own needs, one backend, Landlock."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = table["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras[backend], *extras.get("landlock", [])]
    return "\n".join(lines) + "\n"
