"""The files of a new exercise: `layerwise new exercise UNIT NAME`.

They import cleanly and prove nothing yet: `layerwise verify UNIT/NAME` then names what
is still to be written.
"""

import keyword
import re
import string
import tomllib
from pathlib import Path

from autograder.authoring.stubs import stub_of

_TEMPLATES = Path(__file__).with_name("templates")


class CannotMake(ValueError):
    """A name that can't be used, or files that are there already."""


def exercise(root: Path, unit: str, name: str) -> list[Path]:
    """Writes every file of an exercise and its row in the syllabus.

    Args:
        root: The project folder.
        unit: The unit's folder, `u05_convolution`; `u05` if it exists.
        name: The file's name without `.py`.

    Returns:
        What was written, relative to `root`.

    Raises:
        CannotMake: If a name can't be used or anything is there already.
    """
    syllabus = root / "course/syllabus.toml"
    text = syllabus.read_text(encoding="utf-8")
    unit = _unit_name(tomllib.loads(text), unit, name)
    files = _files(unit, name)
    there = [str(path) for path in files if (root / path).exists()]
    if there:
        raise CannotMake(f"Nothing was written: {', '.join(there)} is there already.")
    rows = _with_row(text, unit, name)
    for path, content in {**files, **_shared(root, unit, name)}.items():
        _write(root / path, content)
        files[path] = content
    _write(syllabus, rows)
    return [*files, syllabus.relative_to(root)]


def _unit_name(table: dict, unit: str, name: str) -> str:
    """The unit's full name, once both names are found usable."""
    known = {row["name"]: row for row in table["unit"]}
    unit = next((full for full in known if full.split("_")[0] == unit), unit)
    if not re.fullmatch(r"u\d\d_[a-z0-9_]+", unit):
        raise CannotMake(f"{unit!r} is no unit: name it like u05_convolution.")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise CannotMake(f"{name!r} can't be a module: name it like conv2d.")
    if any(row["name"] == name for row in known.get(unit, {}).get("exercise", ())):
        raise CannotMake(f"{unit}/{name} is in course/syllabus.toml already.")
    return unit


def _files(unit: str, name: str) -> dict[Path, str]:
    """The files that belong to this exercise alone."""
    solution = _filled("solution.py", unit, name)
    return {
        Path("solutions", unit, f"{name}.py"): solution,
        Path("exercises", unit, f"{name}.py"): stub_of(solution, name),
        Path("exercises", unit, f"test_{name}.py"): _filled("public.py", unit, name),
        Path("autograder/hidden", unit, f"test_{name}.py"): _filled(
            "hidden.py", unit, name
        ),
        Path("autograder/mistakes", unit, f"{name}.toml"): _filled(
            "mistakes.toml", unit, name
        ),
        Path("tests/alternatives", unit, f"{name}__another_way.py"): _filled(
            "alternative.py", unit, name
        ),
    }


def _shared(root: Path, unit: str, name: str) -> dict[Path, str]:
    """The unit's own files: made if missing, the hints with one section more."""
    title = unit.split("_", 1)[1].replace("_", " ")
    hints = Path("exercises", unit, "hints.md")
    before = f"# Hints: {title}\n"
    if (root / hints).exists():
        before = (root / hints).read_text(encoding="utf-8").rstrip("\n") + "\n"
    shared = {hints: f"{before}\n## {name}\n"}
    lesson = Path("exercises", unit, "README.md")
    package = Path("solutions", unit, "__init__.py")
    if not (root / lesson).exists():
        shared[lesson] = f"# {title.capitalize()}\n\nTo be written: docs/authors.md.\n"
    if not (root / package).exists():
        shared[package] = ""
    return shared


def _filled(template: str, unit: str, name: str) -> str:
    text = (_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
    words = (re.sub(r"(\d)d$", r"\1D", word) for word in name.split("_"))
    class_name = "".join(word[0].upper() + word[1:] for word in words if word)
    return string.Template(text).substitute(unit=unit, name=name, class_name=class_name)


def _with_row(text: str, unit: str, name: str) -> str:
    """The syllabus with the exercise behind its unit's last, or in a new unit."""
    row = "\n" + _filled("row.toml", unit, name)
    head, *blocks = re.split(r"^(?=\[\[unit\]\]$)", text, flags=re.MULTILINE)
    names = [tomllib.loads(block)["unit"][0]["name"] for block in blocks]
    if unit in names:
        place = names.index(unit)
        blocks[place] = blocks[place].rstrip("\n") + "\n" + row + "\n"
    else:
        title = unit.split("_", 1)[1].replace("_", " ").capitalize()
        block = f'[[unit]]\nname = "{unit}"\ntitle = "{title}"\n{row}\n'
        place = sum(other < unit for other in names)
        if place:
            blocks[place - 1] = blocks[place - 1].rstrip("\n") + "\n\n"
        blocks.insert(place, block)
    return head + "".join(blocks).rstrip("\n") + "\n"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")
