"""The students' kit: the course and its checker, without what students must not see.

No hidden checks, no known mistakes, no solutions, no tools of instructors and authors;
stubs as they are written from the solutions, whatever lies in exercises/ here.
"""

import ast
import json
import shutil
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jinja2

from autograder.authoring import stubs
from autograder.delivery import fingerprints
from autograder.grading.fingerprints import FOLDER, path_of
from course import syllabus
from course.cli.main import COMMANDS
from course.syllabus import Exercise

_EXTRAS = ("torch", "tensorflow", "jax", "notebook")
_LESSON = (".md", ".svg", ".png")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc")
_TEMPLATES = Path(__file__).with_name("templates")
_FILES = {
    "kit_pyproject.toml": "pyproject.toml",
    "kit_readme.md": "README.md",
    "kit_gitignore": ".gitignore",
}


class CannotRelease(ValueError):
    """There is nothing to write, or nowhere to write it; the message says why."""


def write(
    out: Path,
    root: Path,
    exercises: Sequence[Exercise] = (),
    backends: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Writes the kit.

    Args:
        out: A folder that does not exist yet, or is empty.
        root: The project folder.
        exercises: Those to hand out; all that have a solution if none is named.
        backends: Those on which known mistakes are to be recognised; None for all that
            are installed here.
        say: Told what takes long.

    Raises:
        CannotRelease: If there is something in the folder.
        NoFingerprints: If the known mistakes could not be tried.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CannotRelease(f"{out} is not empty. Name a folder that is not there yet.")
    wanted = [
        exercise
        for exercise in exercises or syllabus.exercises()
        if (root / "solutions" / exercise.path).exists()
    ]
    if not wanted:
        raise CannotRelease("None of these exercises has been written yet.")
    known = {
        (exercise, backend): path
        for backend in (fingerprints.backends() if backends is None else backends)
        for exercise, path in fingerprints.made(wanted, root, backend, say).items()
    }
    out.mkdir(parents=True, exist_ok=True)
    _course(out, root)
    _engine(out, root)
    for exercise in wanted:
        _exercise(exercise, out, root)
    for (exercise, backend), path in known.items():
        place = out / path_of(exercise, backend)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    (out / FOLDER).mkdir(exist_ok=True)
    _frame(out, root, wanted)


def _course(out: Path, root: Path) -> None:
    """course/, of its command line only what students call."""
    shutil.copytree(root / "course", out / "course", ignore=_NOT_COPIED)
    (out / "course/demo.py").unlink()
    needed = {"__init__", *_reached(root / "course/cli", _students_modules())}
    for path in (out / "course/cli").glob("*.py"):
        if path.stem not in needed:
            path.unlink()


def _students_modules() -> set[str]:
    places = [place for place, _ in COMMANDS["Study"].values()]
    names = {place.partition(":")[0].rpartition(".")[2] for place in places}
    return {"main", "notebook", "problems", *names}


def _reached(folder: Path, names: set[str]) -> set[str]:
    """These modules of the folder, and those that they import."""
    reached: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in reached and (folder / f"{name}.py").exists():
            reached.add(name)
            waiting += _imported((folder / f"{name}.py").read_text(encoding="utf-8"))
    return reached


def _imported(source: str) -> Iterator[str]:
    """Modules of course.cli that a source imports, at its top or within."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "course.cli":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            head, _, name = node.module.rpartition(".")
            if head == "course.cli":
                yield name


def _engine(out: Path, root: Path) -> None:
    (out / "autograder").mkdir()
    shutil.copyfile(root / "autograder/__init__.py", out / "autograder/__init__.py")
    for name in ("sandbox", "grading"):
        source, place = root / "autograder" / name, out / "autograder" / name
        shutil.copytree(source, place, ignore=_NOT_COPIED)


def _exercise(exercise: Exercise, out: Path, root: Path) -> None:
    """The stub, fresh, with a copy for `reset`; the public checks; the unit's lesson."""
    unit, place = root / "exercises" / exercise.unit, out / "exercises" / exercise.unit
    (place / ".stubs").mkdir(parents=True, exist_ok=True)
    stub = stubs.wanted(exercise, root)
    for path in (
        place / f"{exercise.name}.py",
        place / ".stubs" / f"{exercise.name}.py",
    ):
        path.write_text(stub, encoding="utf-8")
    checks = f"test_{exercise.name}.py"
    shutil.copyfile(unit / checks, place / checks)
    for path in unit.iterdir():
        if path.suffix in _LESSON:
            shutil.copyfile(path, place / path.name)


def _frame(out: Path, root: Path, exercises: Sequence[Exercise]) -> None:
    """What makes it a project: pyproject.toml, README.md, the versions that are known."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # TOML and Markdown, nothing of it from students
    )
    environment.filters["toml"] = lambda value: json.dumps(value, ensure_ascii=False)
    values = {
        "project": project["project"],
        "extras": {
            name: project["project"]["optional-dependencies"][name] for name in _EXTRAS
        },
        "warnings": project["tool"]["pytest"]["ini_options"]["filterwarnings"],
        "units": list(dict.fromkeys(exercise.unit for exercise in exercises)),
        "exercises": exercises,
        "first": exercises[0],
    }
    for template, name in _FILES.items():
        text = environment.get_template(template).render(values)
        (out / name).write_text(text, encoding="utf-8")
    shutil.copyfile(root / "constraints.txt", out / "constraints.txt")
