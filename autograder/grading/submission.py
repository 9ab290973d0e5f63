"""A submission: the text of one exercise file, read with care."""

import hashlib
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from course.syllabus import Exercise

MAX_SOURCE = 2**20  # bytes of an exercise file

_MERGE_MARK = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( .*)?$", re.MULTILINE)


class UnreadableSubmission(Exception):
    """The file is missing or isn't Python text; the message says what to do."""


@dataclass(frozen=True)
class Submission:
    """What is checked.

    Attributes:
        exercise: The exercise it answers.
        source: The file's text.
        filename: What messages call it.
    """

    exercise: Exercise
    source: str
    filename: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.source.encode()).hexdigest()


def read(path: Path, exercise: Exercise, shown_as: str | None = None) -> Submission:
    """Reads an exercise file.

    Raises:
        UnreadableSubmission: If it is missing, a folder, too large, not text in its
            encoding, or has merge marks; the message names the way out.
    """
    name = shown_as or str(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SOURCE + 1)
    except FileNotFoundError:
        raise UnreadableSubmission(
            f"{name} is not there. If it was renamed, name it {path.name} again; "
            f"for a fresh one: layerwise reset {exercise.id}"
        ) from None
    except OSError as error:
        raise UnreadableSubmission(
            f"{name} can't be read: {error.strerror}."
        ) from error
    if len(data) > MAX_SOURCE:
        raise UnreadableSubmission(
            f"{name} is larger than {MAX_SOURCE // 2**20} MiB; an exercise is a few "
            "kilobytes of code. Take the data out of it."
        )
    return Submission(exercise, decode(data, name, exercise.id), name)


def decode(data: bytes, name: str, exercise_id: str) -> str:
    """The text of a Python file, by its own declaration of its encoding."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableSubmission(
            f"{name} is saved as UTF-16. Save it as UTF-8 (in the editor: Save with "
            "Encoding) and check again."
        )
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise UnreadableSubmission(
            f"{name} is not UTF-8 text ({error}). Save it as UTF-8 and check again."
        ) from error
    if "\0" in text:
        raise UnreadableSubmission(
            f"{name} has null bytes in it: it is no text file. Save it as UTF-8, or "
            f"start afresh: layerwise reset {exercise_id}"
        )
    text = text.replace("\r\n", "\n")
    for mark in _MERGE_MARK.finditer(text):
        if mark[1][0] == "=" and not re.search("^<{7}", text, re.MULTILINE):
            continue  # an underline in a docstring
        line = text.count("\n", 0, mark.start()) + 1
        raise UnreadableSubmission(
            f"{name} has merge marks at line {line} ({mark[0]}). Resolve them and check "
            f"again, or run: layerwise reset {exercise_id}"
        )
    return text
