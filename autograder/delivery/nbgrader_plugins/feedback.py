"""`nbgrader generate_feedback` and formgrader: what of a graded notebook is shown, and how."""

from typing import Any

from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import List

from autograder.delivery.nbgrader_plugins.releasing import without_hidden


class ForStudents(NbGraderPreprocessor):
    """Leaves out the hidden tests."""

    # HTMLExporter sets it for every preprocessor, and complains of those without.
    display_data_priority: Any = List([], config=True)

    def preprocess_cell(
        self, cell: Any, resources: Any, cell_index: int
    ) -> tuple[Any, Any]:
        if is_grade(cell) and not is_solution(cell):
            cell.source = without_hidden(cell.source)
        return cell, resources


@pass_context
def markdown(context: Any, source: str) -> str:
    """Markdown to HTML, for pages that hold what students wrote: no HTML of theirs.

    nbgrader's templates put it into the page as it is, formgrader's too, where a script
    would run with the instructor's rights.
    """
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = _WithoutHtml(
        escape=True, allow_harmful_protocols=False, attachments=attachments
    )
    return str(MarkdownWithMath(renderer=renderer).render(source))


class _WithoutHtml(IPythonRenderer):
    def block_mermaidjs(self, code: str) -> str:
        """As code: nbconvert puts it into the page unescaped."""
        return self.block_code(code)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture; one that was not handed in does not end the whole conversion."""
        name = url.removeprefix("attachment:")
        if name != url and name not in self.attachments:
            return self.escape_html(f"[picture {name} is missing]")
        return str(super().image(text, url, title))
