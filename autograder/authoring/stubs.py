"""Stubs: solutions with the thinking taken out. The solution is their only source.

A region

    ### BEGIN SOLUTION what to write
    …
    ### END SOLUTION

becomes `raise NotImplementedError("…what to write…")`; everything else stays the same
to the letter.
"""

from pathlib import Path

from course.syllabus import Exercise

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


class BadRegion(ValueError):
    """Solution markers that don't pair up; the message names file and line."""


def stub_of(source: str, name: str) -> str:
    """The stub of a solution.

    Args:
        source: The solution's text.
        name: What error messages call it.

    Raises:
        BadRegion: If there is no region, or one isn't opened or closed.
    """
    lines: list[str] = []
    inside = 0  # the line that opened the region we are in
    regions = 0
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.strip()
        if text.startswith(BEGIN):
            if inside:
                raise BadRegion(f"{name}, line {number}: a region within a region")
            inside, regions = number, regions + 1
            lines.append(_raise(line, text.removeprefix(BEGIN).strip()))
        elif text == END:
            if not inside:
                raise BadRegion(f"{name}, line {number}: {END} without {BEGIN}")
            inside = 0
        elif not inside:
            lines.append(line)
    if inside or not regions:
        where = f"line {inside}: not closed" if inside else "no solution region"
        raise BadRegion(f"{name}, {where}")
    return "\n".join(lines) + "\n"


def _raise(line: str, task: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    text = (task[:1].upper() + task[1:] or "Write this part").replace('"', "'")
    one = f'{indent}raise NotImplementedError("{text}.")'
    if len(one) <= 88:
        return one
    return f'{indent}raise NotImplementedError(\n{indent}    "{text}."\n{indent})'


def in_sync(exercise: Exercise, root: Path) -> bool:
    """Whether the stub on disk is the one its solution gives."""
    stub = root / "exercises" / exercise.path
    return stub.exists() and stub.read_text(encoding="utf-8") == wanted(exercise, root)


def wanted(exercise: Exercise, root: Path) -> str:
    """The stub that the solution on disk gives."""
    solution = root / "solutions" / exercise.path
    return stub_of(solution.read_text(encoding="utf-8"), str(solution))


def write(exercise: Exercise, root: Path) -> bool:
    """Writes the stub; whether anything changed."""
    if in_sync(exercise, root):
        return False
    stub = root / "exercises" / exercise.path
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.write_text(wanted(exercise, root), encoding="utf-8")
    return True
