"""What a check found: its category, and what may be said about it."""

from dataclasses import asdict, dataclass, field
from typing import Any

# Category → what it means, for a student, in a few words.
CATEGORIES = {
    "passed": "right",
    "not_attempted": "not written yet",
    "not_judged": "could not be judged yet",
    "syntax_error": "Python can't read the file",
    "missing_name": "a name is missing",
    "wrong_signature": "it can't be called as specified",
    "raised": "your code raised an error",
    "exited": "your code ended the process",
    "timed_out": "it took too long",
    "out_of_memory": "it ran out of memory",
    "wrong_shape": "wrong shape",
    "wrong_dtype": "wrong dtype",
    "not_finite": "NaN or infinity",
    "wrong_values": "wrong values",
    "wrong_gradient": "wrong gradient",
    "wrong_state": "wrong state",
    "not_serializable": "it can't be saved and loaded",
    "forbidden_api": "it uses what the exercise asks you to write",
    "protocol_error": "it answered the grader with nonsense",
    "grader_error": "a fault of the grader, not yours",
}


class CheckFailed(AssertionError):
    """A check's verdict other than `passed`.

    Args:
        category: One of `CATEGORIES`.
        message: One line: what was expected and what came.
        detail: More lines: the worst element, a picture of where they differ.
        explanation: What kind of mistake gives just this, if it is known.
        frames: Lines of the submission that led there: (line number, text, function).
        evidence: What the submission returned, to recognise known mistakes by.

    Attributes:
        errors: Where the submission raised: the error's class and those it derives from.
    """

    errors: tuple[str, ...] = ()

    def __init__(
        self,
        category: str,
        message: str,
        detail: str = "",
        explanation: str = "",
        frames: list | None = None,
        evidence: Any = None,
    ):
        super().__init__(f"{category}: {message}\n{detail}".rstrip())
        assert category in CATEGORIES, category
        self.category, self.message, self.detail = category, message, detail
        self.explanation, self.frames = explanation, frames or []
        self.evidence = message if evidence is None else evidence

    def as_text(self) -> str:
        """All there is to say, for a plain terminal."""
        lines = [f"{self.category}: {CATEGORIES[self.category]}", self.message]
        lines += [self.detail] if self.detail else []
        lines += [f"  line {line}:  {text}" for line, text, _ in self.frames]
        lines += [f"→ {self.explanation}"] if self.explanation else []
        return "\n".join(lines)


@dataclass
class Outcome:
    """One check of one submission.

    Attributes:
        check: The check's name, `test_bias[same]`.
        title: The property it states, in words.
        scope: `public` or `hidden`.
        points: Earned.
        max_points: Possible.
        category: One of `CATEGORIES`.
        message, detail, explanation, frames: As in `CheckFailed`.
        mistake: The name of the known mistake it behaves like.
        printed: What the submission printed, cut.
        seconds: Elapsed time.
        evidence: What the submission returned; never leaves the grading process.
    """

    check: str
    title: str
    scope: str
    points: float
    max_points: float
    category: str
    message: str = ""
    detail: str = ""
    explanation: str = ""
    frames: list = field(default_factory=list)
    mistake: str = ""
    printed: str = ""
    seconds: float = 0.0
    evidence: Any = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        return self.category == "passed"

    def for_student(self) -> "Outcome":
        """The outcome as a student may see it: hidden checks without what they hold."""
        if self.scope == "public" or self.passed:
            return self
        shown = Outcome(**self.as_dict())
        shown.check, shown.title = "hidden check", "a hidden check"
        shown.message, shown.detail = CATEGORIES[self.category], ""
        shown.printed, shown.frames = "", []
        return shown

    def as_dict(self) -> dict[str, Any]:
        """Plain values for records and the wire; the evidence stays behind."""
        values = asdict(self)
        del values["evidence"]
        return values
