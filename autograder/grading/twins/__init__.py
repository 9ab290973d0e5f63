"""Networks written out over lists of arrays: what checks compare a student's with.

An oracle as long as a page, which the public and the hidden checks of a network share,
stands once, here: `twins/<unit>/<exercise>.py`. Its text counts as part of the checks, in
their hash and when they are collected again. Students may read it, as they may read the
public checks that import it; it goes out with their kit. No submission can import it.
"""

from pathlib import Path

from course.syllabus import Exercise

FOLDER = Path("autograder/grading/twins")


def path_of(exercise: Exercise) -> Path:
    """Where the twin of an exercise is if it has one, relative to the project."""
    return FOLDER / exercise.path
