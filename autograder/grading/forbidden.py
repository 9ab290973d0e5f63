"""Finds, in the source, what an exercise does not allow: before anything is run.

Aliases are followed through imports, assignments and `getattr` with a constant name.
The run-time trap (`sandbox.loading.switch_off`) stands behind it.
"""

import ast
import sys
from dataclasses import dataclass

from course import numpy_parts, parts
from course.syllabus import Exercise

# Ways round the analysis; no exercise needs them.
_NEVER = {
    "eval": "eval",
    "exec": "exec",
    "compile": "compile",
    "__import__": "__import__",
    "globals": "globals",
    "vars": "vars",
    "open": "open",
}
_NEVER_ATTRIBUTES = frozenset(
    "__dict__ __globals__ __builtins__ __subclasses__ __bases__ __mro__ __code__ "
    "__loader__ __spec__ __reduce__ __getattribute__ f_back f_globals gi_frame".split()
)
_ALWAYS_ALLOWED = frozenset(["keras.layers.Layer", "keras.layers.InputSpec"])
# May be imported where it is forbidden; what is used of it is judged.
_HOLDS_ALLOWED = "keras.layers"
_BY_STRING = (
    "keras.layers.deserialize",
    "keras.saving.deserialize_keras_object",
    "keras.saving.get_registered_object",
    "keras.models.model_from_json",
)
# What of the course would do an exercise's work, by what the exercise may use.
_OF_THE_COURSE = {
    "numpy": (
        "course.autodiff",
        "course.parts",
        "course.stand_ins",
        "course.block_stand_ins",
        "course.measuring",  # knows the exact convolution
    ),
    "keras": (
        "course.numpy_parts",
        "course.stand_ins",
        "course.block_stand_ins",
        "course.measuring",
    ),
}


@dataclass(frozen=True)
class Finding:
    """A use that is not allowed."""

    line: int
    text: str
    message: str


def find(source: str, exercise: Exercise) -> list[Finding]:
    """Everything in `source` that `exercise` does not allow, in order.

    Args:
        source: Text that `syntax.error_in` has no objection to.
        exercise: Says what may be imported and what is forbidden.
    """
    tree = ast.parse(source)
    finder = _Finder(exercise)
    aliases = -1
    while aliases != len(finder.names):  # until no new alias turns up
        aliases = len(finder.names)
        finder.findings = []
        finder.visit(tree)
    lines = source.splitlines()
    unique = dict.fromkeys(sorted(finder.findings))
    return [
        Finding(line, lines[line - 1].strip()[:200], message)
        for line, message in unique
    ]


class _Finder(ast.NodeVisitor):
    def __init__(self, exercise: Exercise):
        self.exercise = exercise
        self.names: dict[str, str] = {}  # a name in the file → what it stands for
        self.findings: list[tuple[int, str]] = []

    def _report(self, node: ast.AST, message: str) -> None:
        self.findings.append((node.lineno, message))  # type: ignore[attr-defined]

    def _judge(self, node: ast.AST, dotted: str) -> None:
        reason = self._refused(dotted)
        if reason:
            self._report(node, reason)

    def _refused(self, dotted: str) -> str:
        if dotted in _ALWAYS_ALLOWED:
            return ""
        of_the_course = _OF_THE_COURSE.get(self.exercise.may_use, ())
        for forbidden in (*self.exercise.forbidden, *of_the_course, *_BY_STRING):
            below = dotted.startswith(forbidden + ".")
            if dotted == forbidden or below or _same(dotted, forbidden):
                return (
                    f"{dotted} is not allowed in {self.exercise.name}: it is what you "
                    "are asked to write, or a way round it."
                )
        return self._refused_part(dotted)

    def _refused_part(self, dotted: str) -> str:
        for module in (parts, numpy_parts):
            if not dotted.startswith(module.__name__ + "."):
                continue
            part = dotted.removeprefix(module.__name__ + ".").partition(".")[0]
            if (
                part in self.exercise.names
                or f"keras.layers.{part}" in self.exercise.forbidden
            ):
                return f"{dotted} is what you are asked to write here."
            if part in vars(module):
                return f"{dotted} is no part: import the layers themselves."
        return ""

    def _dotted(self, node: ast.AST) -> str:
        """What an expression stands for, as a dotted name, or ''."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        if isinstance(node, ast.Call) and _is_name(node.func, "getattr"):
            base = self._dotted(node.args[0]) if node.args else ""
            key = node.args[1] if len(node.args) > 1 else None
            if base and isinstance(key, ast.Constant) and isinstance(key.value, str):
                return f"{base}.{key.value}"
        return ""

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported(node, alias.name)
            if alias.asname:
                self.names[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                self.names[top] = top

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            self._report(
                node, "Relative imports are not allowed: the file stands alone."
            )
            return
        module = node.module or ""
        self._imported(node, module)
        for alias in node.names:
            if alias.name == "*":
                self._report(
                    node, f"from {module} import * hides what is used: name it."
                )
                continue
            dotted = f"{module}.{alias.name}"
            self.names[alias.asname or alias.name] = dotted
            if dotted != _HOLDS_ALLOWED:
                self._judge(node, dotted)

    def _imported(self, node: ast.AST, module: str) -> None:
        top = module.partition(".")[0]
        if top not in self.exercise.imports:
            allowed = ", ".join(n for n in self.exercise.imports if n[0] != "_")
            self._report(
                node,
                f"import {top} is not allowed in {self.exercise.name}; these are: "
                f"{allowed}.",
            )
        if module != _HOLDS_ALLOWED:
            self._judge(node, module)

    def visit_Assign(self, node: ast.Assign) -> None:
        dotted = self._dotted(node.value)
        for target in node.targets:
            if dotted and isinstance(target, ast.Name):
                self.names.setdefault(target.id, dotted)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        dotted = self._dotted(node.value)
        if dotted:
            self.names.setdefault(node.target.id, dotted)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _NEVER and isinstance(node.ctx, ast.Load):
            self._report(node, f"{node.id} is not allowed in an exercise.")
        elif self.names.get(node.id):
            self._judge(node, self.names[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _NEVER_ATTRIBUTES:
            self._report(node, f".{node.attr} is not allowed in an exercise.")
        dotted = self._dotted(node)
        if dotted in _ALWAYS_ALLOWED:
            return  # the module it is in, further inside, may be forbidden
        if dotted:
            self._judge(node, dotted)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _is_name(node.func, "getattr"):
            dotted = self._dotted(node)
            base = self._dotted(node.args[0]) if node.args else ""
            if dotted:
                self._judge(node, dotted)
            elif base:
                self._report(
                    node,
                    f"getattr({base}, …) with a computed name is not allowed: write "
                    "the name.",
                )
        self.generic_visit(node)


def _same(dotted: str, forbidden: str) -> bool:
    """Whether two names stand for one thing: Convolution2D is Conv2D.

    Only what is imported already is looked at; the run-time trap knows the rest.
    """
    one = _found(dotted)
    return one is not None and one is _found(forbidden)


def _found(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
