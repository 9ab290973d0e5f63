"""`layerwise release`: the course as others need it: nbgrader's, students', Gradescope's."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from course import syllabus
from course.cli.client import CheckingFailed, project_root

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Write the course for nbgrader, for students, or for Gradescope.",
)

Units = Annotated[
    list[str] | None,
    typer.Option(help="Which units: u01,u05. All, if not given."),
]


@app.command()
def nbgrader(
    course: Annotated[Path, typer.Argument(help="The course folder to write.")],
    units: Units = None,
) -> None:
    """Write a course folder for nbgrader: notebooks with solutions, and its settings."""
    from autograder.delivery import nbgrader_course
    from course.cli.backends import backend, refuse_if_broken

    refuse_if_broken()
    os.environ.setdefault("KERAS_BACKEND", backend())
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from autograder.sandbox.backend import settle

    settle()
    chosen = _chosen(units)
    written = nbgrader_course.write(course, project_root(), chosen)
    console = Console()
    for path in written:
        console.print(f"Wrote {escape(str(path))}", soft_wrap=True)
    console.print(
        f"\nNext, in {escape(str(course))}:\n"
        f"  nbgrader generate_assignment {chosen[0].name}\n"
        f"  nbgrader release_assignment {chosen[0].name}",
        soft_wrap=True,
    )


@app.command()
def students(
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
) -> None:
    """Write the students' kit: the course without hidden checks and mistakes."""
    from autograder.delivery import kit

    kit.write(out, project_root(), say=Console(stderr=True).print)
    Console().print(f"Wrote {escape(str(out))}", soft_wrap=True)


@app.command()
def gradescope(
    out: Annotated[Path, typer.Argument(help="The archive to write, a .zip.")],
    units: Units = None,
    attempts: Annotated[
        str, typer.Option(help="How often a student may have it judged: 5/day.")
    ] = "",
) -> None:
    """Write an autograder for Gradescope."""
    from autograder.delivery import gradescope

    gradescope.write(out, project_root(), _chosen(units), attempts=attempts)
    Console().print(f"Wrote {escape(str(out))}", soft_wrap=True)


def _chosen(names: list[str] | None) -> list[syllabus.Unit]:
    """The units named, `u05` or `u05_convolution`, in the order of the syllabus.

    Raises:
        CheckingFailed: If there is no such unit.
    """
    wanted = {name for words in names or () for name in words.split(",")}
    known = {name: u for u in syllabus.units() for name in (u.name, u.number)}
    for name in wanted - set(known):
        raise CheckingFailed(
            f"There is no unit {name}. There are: "
            f"{', '.join(unit.number for unit in syllabus.units())}."
        )
    chosen = [known[name] for name in wanted]
    return [u for u in syllabus.units() if u in chosen or not wanted]
