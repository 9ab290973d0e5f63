"""What keeps Python from reading a submission, in words for a student."""

import ast
import re

# What IPython understands and Python does not: %magic, !command, ?help, help?
_OF_NOTEBOOKS = re.compile(
    r"\s*(?:[\w ,]+=\s*)?(%{1,2}[a-z]\w*|!{1,2}\s*\w+|\?{1,2}[\w.]+)|\s*([\w.]+\?{1,2})\s*$",
    re.IGNORECASE,
)
# Of the tree. A program has some thirty; Python's own parser gives up after thousands,
# what walks through the tree here after some hundred.
_LEVELS = 200
_TOO_DEEP = (
    "nested too deeply to be read, as a sum of hundreds of terms is. Write it as a loop "
    "or in several statements."
)


def error_in(source: str) -> SyntaxError | None:
    """The error that keeps Python, or the analysis, from reading `source`, or None.

    It has no line where Python does not say which.
    """
    try:
        tree = ast.parse(source)
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        character = f"U+{ord(source[error.start]):04X}"
        return _error(f"no file can hold the character {character}: delete it.", line)
    except SyntaxError as error:
        return _of_notebooks(error) or error
    except (RecursionError, MemoryError):
        return _error(_TOO_DEEP)
    except ValueError as error:
        return _error(f"{error}.")
    return _too_deep(tree)


def _error(message: str, line: int | None = None, text: str = "") -> SyntaxError:
    return SyntaxError(message, (None, line, None, text))


def _of_notebooks(error: SyntaxError) -> SyntaxError | None:
    found = _OF_NOTEBOOKS.match(error.text or "")
    if found is None:
        return None
    return _error(
        f"{found[1] or found[2]} is a command of notebooks, not Python. Take it out; in a "
        "notebook it may stand in a cell of its own.",
        error.lineno,
        error.text or "",
    )


def _too_deep(tree: ast.AST) -> SyntaxError | None:
    """Level by level, for a recursion would end where it has to tell."""
    level, nodes = 0, [tree]
    while nodes:
        level += 1
        if level > _LEVELS:
            lines = [node.lineno for node in nodes if hasattr(node, "lineno")]
            return _error(_TOO_DEEP, min(lines, default=None))
        nodes = [child for node in nodes for child in ast.iter_child_nodes(node)]
    return None
