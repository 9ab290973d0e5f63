"""`layerwise`, `layerwise list` and `layerwise parts`: where am I, and what is next."""

import importlib.util
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from course import parts as course_parts
from course import progress, syllabus
from course.cli import pristine
from course.cli.client import CheckingFailed, project_root
from course.cli.feedback import short_name
from course.cli.render import console, warn
from course.progress import State
from course.syllabus import Exercise

_WIDE = 110  # columns; below, tables leave out titles
_OPEN = (State.STARTED, State.CHANGED, State.NEW)
_MARKS = {
    State.DONE: ("✓", "green"),
    State.CHANGED: ("≈", "yellow"),
    State.STARTED: ("…", "yellow"),
    State.NEW: ("○", ""),
    State.ABSENT: ("–", "dim"),
}

States = dict[Exercise, State]


def complete(incomplete: str) -> list[str]:
    """Names of exercises and units, for the shell's completion."""
    names = [short_name(exercise) for exercise in syllabus.exercises()]
    names += [unit.name for unit in syllabus.units()]
    return [name for name in names if name.startswith(incomplete)]


def states(root: Path) -> States:
    """Where every exercise stands. Also keeps what `reset` may need, and warns."""
    pristine.remember(root)
    read = progress.load(root)
    warn(read.warning)
    return {e: state_of(e, root, read) for e in syllabus.exercises()}


def state_of(exercise: Exercise, root: Path, read: progress.Progress) -> State:
    """Where one exercise stands."""
    stub = pristine.stub(exercise, root)
    return progress.state(exercise, root, read, None if stub is None else stub.text)


def following(found: States, after: Exercise | None = None) -> Exercise | None:
    """The exercise to do next: behind `after`, if what it needs is done.

    Returns:
        None when everything in this folder is done.
    """
    order = list(found)
    start = order.index(after) + 1 if after is not None else 0
    waiting = [e for e in order[start:] + order[:start] if found[e] in _OPEN]
    names = {exercise.id: exercise for exercise in order}

    def ready(exercise: Exercise) -> bool:
        needed = [found[names[need]] for need in exercise.needs if need in names]
        return all(state in (State.DONE, State.ABSENT) for state in needed)

    return next(filter(ready, waiting), waiting[0] if waiting else None)


def current(root: Path, found: States) -> Exercise | None:
    """The exercise in work: the one saved last, or else the next."""
    begun = [e for e in found if found[e] in (State.STARTED, State.CHANGED)]
    if not begun:
        return following(found)
    return max(begun, key=lambda e: (root / "exercises" / e.path).stat().st_mtime)


def status() -> None:
    """Where you are and what is next."""
    root, out = project_root(), console()
    found = states(root)
    here = _here(found)
    done = sum(found[exercise] == State.DONE for exercise in here)
    out.print(f"[bold]Layerwise[/]: {done} of {len(here)} exercises done\n")
    table = _table()
    for unit in syllabus.units():
        of_unit = [found[e] for e in unit.exercises if found[e] != State.ABSENT]
        if of_unit:
            finished = of_unit.count(State.DONE)
            mark, style = _MARKS[State.DONE if finished == len(of_unit) else State.NEW]
            row = [mark, unit.number, f"{finished}/{len(of_unit)}", unit.title]
            table.add_row(*row, style=style)
    if here:
        out.print(table)
    _say_absent(out, found)
    _next(out, root, found)


def _next(out: Console, root: Path, found: States) -> None:
    exercise = current(root, found)
    out.print()
    if exercise is None:
        out.print("Everything in this folder is done. See: layerwise list")
        return
    begun = found[exercise] != State.NEW
    name = short_name(exercise)
    out.print(f"{'Go on with' if begun else 'Next'}: [bold]{name}[/], {exercise.title}")
    table = _table()
    unit = Path("exercises", exercise.unit)
    table.add_row(" lesson", str(unit / "README.md"))
    table.add_row(" write", str(Path("exercises", exercise.path)))
    table.add_row(" check", f"layerwise check {name}", style="bold")
    out.print(table)


def list_(
    target: Annotated[
        str | None, typer.Argument(help="A unit or exercise.", autocompletion=complete)
    ] = None,
) -> None:
    """All exercises: how far you are, how difficult they are, how long they take."""
    show_list(project_root(), console(), target)


def show_list(root: Path, out: Console, target: str | None = None) -> None:
    """The exercises of a unit, or all that are in this folder."""
    found = states(root)
    wanted = syllabus.find(target) if target else _here(found)
    for unit in syllabus.units():
        rows = [exercise for exercise in unit.exercises if exercise in wanted]
        if rows:
            out.print(f"[bold]{unit.name}[/]: {unit.title}")
            out.print(_exercises(rows, found, wide=out.width >= _WIDE))
            out.print()
    if not target:
        _say_absent(out, found)


def _exercises(rows: list[Exercise], found: States, wide: bool) -> Table:
    everywhere = syllabus.exercises()
    table = _table()
    table.add_column()
    table.add_column(min_width=max(len(e.name) for e in everywhere))
    if wide:
        table.add_column(min_width=max(len(e.title) for e in everywhere))
    table.add_column(min_width=len("not started"))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for exercise in rows:
        mark, style = _MARKS[found[exercise]]
        row = [
            mark,
            exercise.name,
            *([exercise.title] if wide else []),
            found[exercise],
        ]
        row += [f"{exercise.difficulty}/5", f"{exercise.minutes} min"]
        table.add_row(*row, style=style)
    return table


def _here(found: States) -> list[Exercise]:
    return [exercise for exercise in found if found[exercise] != State.ABSENT]


def _say_absent(out: Console, found: States) -> None:
    absent = len(found) - len(_here(found))
    if absent:
        out.print(f"{absent} more exercises are not in this folder.", style="dim")


def parts() -> None:
    """Whose layers `from course.parts import …` gives, and why."""
    root, out = project_root(), console()
    try:
        choice = course_parts.choice()
    except ValueError as error:
        raise CheckingFailed(str(error)) from error
    found = states(root)
    table = _table()
    for column in ("part", "from", "because"):
        table.add_column(column, overflow="fold")
    for exercise in syllabus.exercises():
        if exercise.may_use != "keras":
            continue
        for name in exercise.names:
            place, why = _source(name, choice, found[exercise])
            style = {"yours": "green", "nobody": "dim"}.get(place, "")
            table.add_row(
                Text(name), place, f"{short_name(exercise)} {why}", style=style
            )
    out.print(table)
    out.print(
        f"\nLAYERWISE_PARTS is {choice}; it can be {', '.join(course_parts.CHOICES)}."
    )


def _source(name: str, choice: str, state: State) -> tuple[str, str]:
    """What `course.parts.source` would say, without importing Keras."""
    if choice == "solutions":
        return "solutions", "is taken from the references"
    if choice == "yours" and state == State.DONE:
        return "yours", "passes its checks"
    why = f"is {state}" if choice == "yours" else "is not asked for"
    if _keras_has(name):
        return "keras", why
    return "nobody", why


def _keras_has(name: str) -> bool:
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        return False
    for place in ("layers", "activations", "losses", "optimizers"):
        file = Path(spec.origin).parent / place / "__init__.py"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if re.search(rf"\bas {re.escape(name)}\b", text):
            return True
    blocks = Path(course_parts.__file__).with_name("block_stand_ins").glob("*.py")
    line = f"\nclass {name}("
    return any(line in file.read_text(encoding="utf-8") for file in blocks)


def _table() -> Table:
    return Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
