"""How learning platforms name what students handed in."""

import re
from dataclasses import dataclass

# Canvas, “Download Submissions”: all files in one folder, lastfirst_LATE_123_456_name.py;
# a name given anew gets a number, name-1.py. Names are folded to letters and digits.
_CANVAS = re.compile(
    r"(?P<name>[^_/]+)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)"
)
# Moodle, “Download all submissions”: First Last_1234567_assignsubmission_file_/…, or with
# “in folders” switched off First Last_1234567_assignsubmission_file_conv2d.py.
_MOODLE = re.compile(
    r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)"
)
_NUMBERED = re.compile(r"(?P<stem>.+?)(?:-(?P<dash>\d{1,3})| ?\((?P<round>\d{1,3})\))")


@dataclass(frozen=True)
class Named:
    """What a name of a platform's says.

    Attributes:
        student: Who, unique in the class.
        person: The name alone, where the platform keeps it.
        rest: The file's own name; '' for a folder.
    """

    student: str
    person: str
    rest: str


def of_canvas(name: str) -> Named | None:
    """A file of Canvas's, or None."""
    match = _CANVAS.fullmatch(name)
    if match is None:
        return None
    student = f"{match['name']}_{match['user']}"
    return Named(student, student, match["rest"])


def of_moodle(name: str) -> Named | None:
    """A folder or a file of Moodle's, or None."""
    match = _MOODLE.fullmatch(name)
    if match is None or match["kind"] != "file":
        return None
    return Named(f"{match['name']}_{match['number']}", match["name"], match["rest"])


def is_other_kind_of_moodle(name: str) -> bool:
    """Whether it is what a student typed into Moodle, or the like: no files of code."""
    match = _MOODLE.fullmatch(name)
    return match is not None and match["kind"] != "file"


def numbered(stem: str) -> tuple[str, int]:
    """`conv2d-2` and `conv2d (2)` → `conv2d` and which copy it is, 0 for the first."""
    match = _NUMBERED.fullmatch(stem)
    if match is None:
        return stem, 0
    return match["stem"], int(match["dash"] or match["round"])
