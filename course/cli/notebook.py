"""Checks in a notebook: `%%check conv2d` above a cell, or `course.check("conv2d")`.

    %load_ext course

    %%check conv2d
    class Conv2D(keras.Layer):
        ...

The cell runs as always, in the notebook's own namespace; then its text is judged as if
it were the exercise's file. So it has to hold what the file holds, its imports too.

The notebooks that `layerwise release` makes call `course.check_cell("conv2d")` below the
exercise's cell: the same, for the cell as it was run last, and an error if it is wrong.
"""

import re
from collections.abc import Callable
from typing import Any

from course.syllabus import Exercise

CELL = "this cell"  # what messages call it

Check = Callable[[Exercise, Callable[[dict], None]], dict[str, Any]]


class ChecksFailed(Exception):
    """An exercise is not right yet; the feedback above it says why."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback through the checker."""
        return [str(self)]


def register(ipython: Any) -> None:
    """Gives a notebook `%%check NAME`."""

    def check(line: str, cell: str) -> None:
        """%%check NAME: run the cell, then check it as the exercise NAME."""
        from course.cli import checking

        done = ipython.run_cell(cell)
        if isinstance(done.error_in_exec, KeyboardInterrupt):
            return
        source = "\n" + cell  # the magic's line is the first, as the notebook counts
        _show(
            line, lambda exercise, say: checking.check_cell(exercise, source, CELL, say)
        )

    ipython.register_magic_function(check, magic_kind="cell", magic_name="check")


def check_and_display(name: str) -> None:
    """Checks an exercise's file in exercises/ and shows the feedback."""
    from course.cli import checking

    _show(name, checking.check_file)


def check_last_cell(name: str) -> None:
    """Checks the cell that was run last for an exercise, shows the feedback.

    Raises:
        ChecksFailed: Unless every check passes.
    """
    from course.cli import checking

    results = []

    def check(exercise: Exercise, say: Callable[[dict], None]) -> dict[str, Any]:
        result = checking.check_cell(exercise, _last_cell(exercise), CELL, say)
        results.append(result)
        return result

    problem = _show(name, check)
    if not results:
        raise ChecksFailed(problem)
    if not results[0]["passed"]:
        outcomes = results[0]["outcomes"]
        passed = sum(outcome["category"] == "passed" for outcome in outcomes)
        raise ChecksFailed(f"{name}: {passed} of {len(outcomes)} checks pass.")


def _last_cell(exercise: Exercise) -> str:
    """The text of the cell, among those run so far, that defined the exercise's names."""
    from IPython.core.getipython import get_ipython

    from course.cli.client import CheckingFailed

    names = "|".join(map(re.escape, exercise.names))
    defines = re.compile(rf"^((class|def) +({names})\b|({names}) *=)", re.MULTILINE)
    history = getattr(get_ipython(), "history_manager", None)
    for cell in reversed(history.input_hist_raw if history else ()):
        if defines.search(cell):
            return re.sub(r"\A%%check\b[^\n]*", "", cell)
    raise CheckingFailed(
        f"No cell that defines {' and '.join(exercise.names)} was run: run it, then this."
    )


def _show(name: str, check: Check) -> str:
    """Shows the feedback, or what kept the check from being made, and returns that."""
    from IPython.display import HTML, display

    from course.cli import problems, render

    place = display(HTML(""), display_id=True)

    def say(event: dict[str, Any]) -> None:
        if event["event"] == "starting":
            text = f"Starting Keras on {event['backend']}: some seconds, once …"
            place.update(HTML(render.note_as_html(text)))

    try:
        place.update(HTML(_feedback(name.strip(), check, say)))
    except Exception as error:
        text = problems.one_line(error)
        if not text:
            raise
        place.update(HTML(render.note_as_html(text, problem=True)))
        return text
    return ""


def _feedback(name: str, check: Check, say: Callable[[dict], None]) -> str:
    from course import syllabus
    from course.cli import overview, render
    from course.cli.backends import refuse_if_broken
    from course.cli.client import CheckingFailed, project_root

    if not name:
        raise CheckingFailed("Which exercise? For instance: %%check conv2d")
    refuse_if_broken()
    found = syllabus.find(name)
    if len(found) > 1:
        raise CheckingFailed(f"{name} is a unit: name one of its exercises.")
    result = check(found[0], say)
    following = overview.following(overview.states(project_root()), found[0])
    return render.as_html(result, following)
