"""`layerwise report`, `export` and `similar`: what became of a class."""

import datetime
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from course.cli.client import CheckingFailed, project_root
from course.cli.feedback import clean

if TYPE_CHECKING:
    from autograder.delivery.report import Side
    from autograder.delivery.results import Graded

_SHOWN = 40  # lines of a pair in the terminal; the report has them all

Results = Annotated[
    Path, typer.Argument(help="What grade has written: a file of JSON lines.")
]


def report(
    results: Results,
    out: Annotated[Path, typer.Option(help="The page.")] = Path("out/class.html"),
) -> None:
    """Write the class page: scores, checks, mistakes, similarity, feedback."""
    from autograder.delivery import report as page
    from autograder.delivery import similar

    console = Console()
    found = _read(results)
    pairs = None
    if _can_compare():
        with console.status("comparing submissions"):
            pairs = similar.pairs(found, project_root())
    else:
        console.print(_NO_COPYDETECT)
    made = datetime.datetime.now().astimezone()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page.render(found, pairs, made), encoding="utf-8")
    console.print(f"The class page: [bold]{escape(str(out))}[/]")


def export(
    kind: Annotated[str, typer.Argument(help="canvas, moodle, gradescope or csv.")],
    results: Results,
    out: Annotated[
        Path | None, typer.Option(help="The table; out/KIND.csv if not given.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="What being late costs, a TOML file.")
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(help="Canvas's or Moodle's own export, for names and columns."),
    ] = None,
) -> None:
    """Write points as the table that another system reads."""
    from autograder.delivery import exports
    from autograder.delivery import policy as policies

    console = Console(stderr=True)
    if kind not in exports.KINDS:
        raise CheckingFailed(f"There is no {kind}; say {', '.join(exports.KINDS)}.")
    found = _read(results)
    rules = policies.load(policy) if policy else policies.Policy()
    written = exports.export(kind, found, rules, roster)
    path = out or Path("out", f"{kind}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written.text, encoding="utf-8", newline="")
    for note in written.notes:
        console.print(Text(f"! {clean(note)}", style="yellow"))
    Console().print(f"The table: [bold]{escape(str(path))}[/]")


def similar(
    submissions: Annotated[
        Path,
        typer.Argument(help="What grade takes (a folder, a zip), or has written."),
    ],
    threshold: Annotated[
        float, typer.Option(help="Percent of a submission's own text.", min=1, max=100)
    ] = 60,
) -> None:
    """Show pairs of students whose texts are alike, the stub's left out."""
    from autograder.delivery import report as page
    from autograder.delivery import similar as comparing

    if not _can_compare():
        raise CheckingFailed(_NO_COPYDETECT)
    root, console = project_root(), Console()
    if submissions.is_file() and submissions.suffix.lower() != ".zip":
        found = _read(submissions)
    else:
        found = _handed_in(submissions, Console(stderr=True))
    pairs = comparing.pairs(found, root, threshold)
    for pair in pairs:
        title = f"{pair.percent} %  {' and '.join(map(clean, pair.students))}"
        console.print(Text(f"{title}  {pair.exercise}", style="bold"))
        console.print(_side_by_side(page.sides(pair)))
    students = len({graded.student for graded in found})
    alike = f"{len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'}"
    console.print(f"{alike} above {threshold:g} % among {students} students.")


def _side_by_side(sides: "list[Side]") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
    columns = []
    for side in sides:
        table.add_column(clean(side.student), ratio=1)
        lines = [
            Text(
                f"{number or '':>4} {text}",
                style="yellow" if common else "dim",
                no_wrap=True,
                overflow="ellipsis",
            )
            for number, text, common in side.rows[:_SHOWN]
        ]
        if len(side.rows) > _SHOWN:
            lines.append(Text(f"     {len(side.rows) - _SHOWN} more", style="dim"))
        columns.append(Group(*lines))
    table.add_row(*columns)
    return table


_NO_COPYDETECT = (
    "Submissions are not compared: that needs pip install 'layerwise[similar]'"
)


def _can_compare() -> bool:
    from importlib.util import find_spec

    return find_spec("copydetect") is not None


def _read(path: Path) -> "list[Graded]":
    """What a file of results says.

    Raises:
        CheckingFailed: If it is not there or holds nothing.
    """
    from autograder.delivery import results

    if not path.is_file():
        raise CheckingFailed(f"{path} is not there. It is what layerwise grade writes.")
    found = results.read(path)
    if not found:
        raise CheckingFailed(f"{path} holds no results.")
    return found


def _handed_in(place: Path, console: Console) -> "list[Graded]":
    """The answers in a folder or a zip, found as `layerwise grade` finds them.

    Raises:
        NothingToGrade: If it is not there, or there are none in it.
    """
    from autograder.delivery import collecting
    from autograder.delivery.results import Graded
    from autograder.grading import submission
    from course import syllabus

    found = []
    with tempfile.TemporaryDirectory(prefix="layerwise-") as scratch:
        handed = collecting.collect([place], syllabus.exercises(), Path(scratch))
        left_out = list(handed.problems)
        for one in handed.handed:
            if one.problem:
                left_out.append(f"{one.path}: {one.problem}")
                continue
            try:
                source = submission.read(one.file, one.exercise, one.path).source
            except submission.UnreadableSubmission as error:
                left_out.append(str(error))
                continue
            found.append(Graded(one.student, one.exercise.id, 0, 0, "", "", (), source))
    for problem in left_out:
        console.print(Text(f"! Left out: {clean(problem)}", style="yellow"))
    return found
