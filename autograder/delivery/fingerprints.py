"""Makes the fingerprints of known mistakes for the students' kit.

    KERAS_BACKEND=torch python -m autograder.delivery.fingerprints ROOT EXERCISE…

They are kept in `.layerwise/fingerprints/`, by what they are made from, so that a second
release takes no time.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import secrets
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from autograder.grading import twins
from course import syllabus
from course.syllabus import Exercise

_FORMAT = b"1"  # changes with what `grading.fingerprints` writes
_DISTRIBUTIONS = {"torch": ("torch",), "tensorflow": ("tensorflow-cpu", "tensorflow")}


class NoFingerprints(RuntimeError):
    """They could not be made; the message says why."""


def backends() -> list[str]:
    """Those installed here: the ones that fingerprints can be made for."""
    return [name for name in _DISTRIBUTIONS if importlib.util.find_spec(name)]


def made(
    exercises: Iterable[Exercise],
    root: Path,
    backend: str,
    say: Callable[[str], None] = lambda text: None,
) -> dict[Exercise, Path]:
    """The files of fingerprints, made where they are missing or out of date.

    Raises:
        NoFingerprints: If the process that makes them fails.
    """
    kept = {exercise: _kept(exercise, root, backend) for exercise in exercises}
    missing = [exercise for exercise, path in kept.items() if not path.exists()]
    if missing:
        say(f"trying the known mistakes of {len(missing)} exercises on {backend}")
        command = [sys.executable, "-m", __name__, str(root)]
        done = subprocess.run(
            [*command, *(exercise.id for exercise in missing)],
            env={
                **os.environ,
                "KERAS_BACKEND": backend,
                "LAYERWISE_PARTS": "keras",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "PYTHONPATH": str(root),
            },
            cwd=root,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = (done.stderr.strip() or "no reason").splitlines()[-1]
            raise NoFingerprints(f"The known mistakes on {backend}: {said}")
    return kept


def _kept(exercise: Exercise, root: Path, backend: str) -> Path:
    """Where the fingerprints belong that are made from what is there now."""
    digest = hashlib.sha256(_FORMAT)
    for path in (
        root / "solutions" / exercise.path,
        root / "exercises" / exercise.unit / f"test_{exercise.name}.py",
        root / twins.path_of(exercise),
        root / "autograder/mistakes" / exercise.unit / f"{exercise.name}.toml",
    ):
        digest.update(path.read_bytes() if path.exists() else b"")
    for name in ("keras", "numpy", *_DISTRIBUTIONS[backend]):
        try:
            digest.update(f"{name} {metadata.version(name)}".encode())
        except metadata.PackageNotFoundError:
            continue  # TensorFlow goes by two names; one of them is installed
    name = f"{exercise.name}.{backend}.{digest.hexdigest()[:16]}.json"
    return root / ".layerwise/fingerprints" / exercise.unit / name


def main() -> None:
    root, names = Path(sys.argv[1]), sys.argv[2:]
    from autograder.sandbox.backend import settle

    settle()
    warnings.simplefilter("ignore")  # of mistakes: dividing by 0 is what some are about
    import keras

    for name in names:
        (exercise,) = syllabus.find(name)
        path = _kept(exercise, root, keras.config.backend())
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(_of(exercise, root), encoding="utf-8")
        os.replace(unfinished, path)


def _of(exercise: Exercise, root: Path) -> str:
    """The fingerprints of one exercise: every mistake in every quick public check."""
    from autograder.grading.checks import CheckSuite
    from autograder.grading.fingerprints import fingerprint
    from autograder.grading.mistakes import Catalogue

    suite = CheckSuite(exercise, root, scopes=("public",))
    catalogue = Catalogue(suite, root)
    rows = []
    for mistake in catalogue.mistakes:
        with contextlib.closing(catalogue.run_of(mistake)) as run:
            outcomes = [suite.once(run, check) for check in sorted(suite.quick)]
        rows.append((mistake.name, mistake.says, outcomes))
    return json.dumps(fingerprint(rows, salt=secrets.token_bytes(16)))


if __name__ == "__main__":
    main()
