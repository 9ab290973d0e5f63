"""What a user can cause, in one clear line: what, where, and the way out."""

import errno
import sys
from collections.abc import Iterator

# Errors whose own text is that line. Looked up among what is imported, so that saying
# what went wrong needs no Keras.
_OWN_WORDS = (
    ("course.cli.client", "CheckingFailed"),
    ("course.syllabus", "UnknownName"),
    ("course.data.published", "DataProblem"),
    ("course.training.networks", "CannotTrain"),
    ("course.training.checkpoints", "CannotResume"),
    ("autograder.grading.submission", "UnreadableSubmission"),
    ("autograder.grading.checks", "BrokenChecks"),
    ("autograder.grading.transport", "TemplateFailed"),
    ("autograder.grading.runtime", "UnsafeFolder"),
    ("autograder.grading.records", "BadRecord"),
    ("autograder.delivery.policy", "BadPolicy"),
    ("autograder.delivery.attempts", "AttemptsUsedUp"),
    ("autograder.delivery.attempts", "BadLedger"),
    ("autograder.delivery.exports", "BadRoster"),
    ("autograder.delivery.kit", "CannotRelease"),
    ("autograder.delivery.fingerprints", "NoFingerprints"),
    ("autograder.delivery.collecting", "NothingToGrade"),
    ("autograder.delivery.gradebook", "GradebookFailed"),
    ("autograder.delivery.journal", "Busy"),
    ("autograder.delivery.seat", "CannotGrade"),
    ("autograder.authoring.stubs", "BadRegion"),
    ("autograder.authoring.scaffold", "CannotMake"),
    ("autograder.delivery.nbgrader_course", "NoCourse"),
)

_WAYS_OUT = {
    errno.EACCES: "Change its permissions, or work in a folder of your own.",
    errno.EPERM: "Change its permissions, or work in a folder of your own.",
    errno.EROFS: "Copy the course to a disk that can be written to.",
    errno.ENOSPC: "The disk is full: free some space and try again.",
    errno.EDQUOT: "Your quota is used up: free some space and try again.",
    errno.EMFILE: "Too many files are open: close other programs and try again.",
    errno.ENOMEM: "There is no memory left: close other programs and try again.",
    errno.ENOENT: "Is this the course's folder? layerwise doctor looks into it.",
}


def one_line(error: BaseException) -> str:
    """The line for the user, or '' if the error is a fault of Layerwise itself."""
    if isinstance(error, tuple(_known())):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and _is_a_command(error.name):
        return (
            "This is the students' copy of the course: it does not bring that command. "
            "layerwise --help shows those that are here."
        )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        way_out = _WAYS_OUT.get(error.errno or 0, "layerwise doctor may know more.")
        return f"{where}{error.strerror}. {way_out}"
    return ""


def _is_a_command(module: str | None) -> bool:
    from course.cli.main import COMMANDS

    places = [place for group in COMMANDS.values() for place, _ in group.values()]
    return module in [place.partition(":")[0] for place in places]


def _known() -> Iterator[type[BaseException]]:
    for module, name in _OWN_WORDS:
        found = getattr(sys.modules.get(module), name, None)
        if found is not None:
            yield found
