"""`nbgrader generate_assignment`: what of the source reaches the students."""

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from nbgrader.utils import is_solution

from autograder.authoring.stubs import BEGIN, stub_of
from autograder.delivery.notebooks import BEGIN_HIDDEN, END_HIDDEN


class WriteStubs(ClearSolutions):
    """Clears solution cells to the very text of the exercise's stub file."""

    def _replace_solution_region(self, cell: Any, language: str) -> bool:
        if cell.cell_type != "code" or BEGIN not in cell.source:
            return super()._replace_solution_region(cell, language)
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "a cell")
        stub = stub_of(cell.source, name).rstrip("\n")
        if is_solution(cell):  # otherwise ClearSolutions complains, with the cell whole
            cell.source = stub
        return True


class StripFiles(NbGraderPreprocessor):
    """Takes solutions and hidden tests out of the files released beside a notebook.

    nbgrader copies them as they are.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Rewrites the files in the release folder; the notebook stays as it is.

        Raises:
            BadRegion: If a file's markers don't pair up; nothing is released then.
        """
        names = resources["nbgrader"]
        converter = self.parent.parent  # the exporter's: GenerateAssignment
        folder = converter._format_dest(names["assignment"], names["student"])
        for path in sorted(Path(folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            stripped = without_hidden(
                stub_of(text, str(path)) if BEGIN in text else text
            )
            if stripped != text:
                self.log.info("Taking solutions and hidden tests out of %s", path)
                path.chmod(0o644)
                path.write_text(stripped, encoding="utf-8")
        return nb, resources


def without_hidden(text: str) -> str:
    """A text without the lines between the markers of hidden tests.

    A region that isn't closed reaches to the end.
    """
    kept, hidden = [], False
    for line in text.split("\n"):
        hidden = hidden or line.strip() == BEGIN_HIDDEN
        if not hidden:
            kept.append(line)
        hidden = hidden and line.strip() != END_HIDDEN
    return "\n".join(kept)
