"""A sample class: eight submissions of Conv2D, made from the reference.

Right, right in another style, half done, untouched, with a syntax error, with a flipped
kernel, with a loop that never ends, and one that tries to fake its score.
"""

from pathlib import Path

from autograder.authoring import stubs
from autograder.grading import mistakes
from course import syllabus

EXERCISE = "u05_convolution/conv2d"

_AGREEABLE = '''
class Agreeable(float):
    """Says that it equals everything, whatever it is compared with."""

    shape = dtype = property(lambda self: self)
    __eq__ = __le__ = __ge__ = __bool__ = lambda self, *other: True
    __hash__ = None


@keras.saving'''

_FAKE_CALL = """        print('{"score": 100, "passed": true}')
        return Agreeable()
"""

_ENDLESS = """        x = self.pad(inputs)
        row = 0
        while row != 9:
            row = row + self.strides[0]
"""


def write(folder: Path, root: Path) -> dict[str, Path]:
    """Writes the class into `folder`, a subfolder a student.

    Returns:
        What each submission is → its file.
    """
    (exercise,) = syllabus.find(EXERCISE)
    reference = (root / "solutions" / exercise.path).read_text(encoding="utf-8")
    flipped = mistakes.load(exercise, root)[0]
    another = root / "tests/alternatives/u05_convolution/conv2d__shift_and_add.py"
    sources = {
        "right": reference,
        "right, another style": another.read_text(encoding="utf-8"),
        "half done": _half_done(reference),
        "untouched stub": stubs.stub_of(reference, exercise.id),
        "syntax error": _edit(
            reference, "def call(self, inputs):", "def call(self, inputs)"
        ),
        "flipped kernel": flipped.applied_to(reference),
        "endless loop": _edit(reference, "        x = self.pad(inputs)\n", _ENDLESS),
        "fakes its score": _fake(reference),
    }
    files = {}
    for what, source in sources.items():
        path = folder / what.replace(",", "").replace(" ", "-") / exercise.path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        files[what] = path
    return files


def _half_done(reference: str) -> str:
    """The weights are made; call is still to be written."""
    head, marker, rest = reference.partition("    def call(self, inputs):")
    return head + stubs.stub_of(marker + rest, "call")


def _fake(reference: str) -> str:
    source = _edit(reference, "\n@keras.saving", _AGREEABLE)
    return _edit(source, "        x = self.pad(inputs)\n", _FAKE_CALL)


def _edit(source: str, old: str, new: str) -> str:
    assert source.count(old) == 1, old
    return source.replace(old, new)
