"""Checks in a notebook: `%%check conv2d` above a cell, or `course.check("conv2d")`.

    %load_ext course

    %%check conv2d
    class Conv2D(keras.Layer):
        ...

The cell runs as always, in the notebook's own namespace; then its text is judged as if
it were the exercise's file. So it has to hold what the file holds, its imports too.
"""

from collections.abc import Callable
from typing import Any

from course.syllabus import Exercise

CELL = "this cell"  # what messages call it

Check = Callable[[Exercise, Callable[[dict], None]], dict[str, Any]]


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


def _show(name: str, check: Check) -> None:
    """Shows the feedback, or what kept the check from being made."""
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
