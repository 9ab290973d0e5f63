"""The run in progress: which submission the checks are meeting, and with which seed."""

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy as np

    from autograder.grading.student import Student
    from autograder.grading.submission import Submission
    from autograder.grading.transport import Connection, Place
    from autograder.sandbox.limits import Limits

CURRENT = pytest.StashKey["Run"]()
PUBLIC_SECRET = b"public"  # where there is nothing to hide: on a student's own machine
PUBLIC_INPUTS = "the same inputs for every student"  # stands in for a hash


class Run:
    """One submission among its checks.

    Args:
        submission: What is checked.
        place: Where its code runs.
        secret: Seeds come from it, the submission's hash and the check's name.
        hash_for_seed: Stands in for the submission's hash, so that others meet the same
            inputs.
        seconds: Processor seconds of a check that does not say.
        seeds: The seeds of a recorded run, by check, in place of fresh ones.

    Attributes:
        keeps: Whether a worker may serve more than one check of the submission.
        used_before: Whether the worker of this check has served another one.
    """

    def __init__(
        self,
        submission: "Submission",
        place: "Place",
        secret: bytes,
        hash_for_seed: str = "",
        seconds: float = 10,
        seeds: dict[str, int] | None = None,
    ):
        self.submission, self.place, self.secret = submission, place, secret
        self.hash = hash_for_seed or submission.sha256
        self.seconds = seconds
        self.seeds = seeds or {}
        self._connection: Connection | None = None
        self._kept: Connection | None = None
        self.keeps = False
        self.used_before = False

    def seed(self, check: str) -> int:
        """64 bits that nobody without the secret can foresee."""
        if check in self.seeds:
            return self.seeds[check]
        message = f"{self.hash}\0{check}".encode()
        return int.from_bytes(hmac.digest(self.secret, message, hashlib.sha256)[:8])

    def rng(self, check: str) -> "np.random.Generator":
        import numpy as np

        return np.random.default_rng(self.seed(check))

    @property
    def is_public(self) -> bool:
        """Whether everybody meets these inputs."""
        return (self.secret, self.hash) == (PUBLIC_SECRET, PUBLIC_INPUTS)

    def made_public(self) -> "Run":
        """The same submission on everybody's inputs; it takes the worker over."""
        other = Run(self.submission, self.place, PUBLIC_SECRET, PUBLIC_INPUTS)
        other.seconds, other.keeps = self.seconds, self.keeps
        other._kept, self._kept = self._kept, None
        return other

    def open(self, item: Any) -> "Student":
        """Imports the submission for one check."""
        from autograder.grading.student import Student
        from autograder.sandbox.limits import Limits

        marker = item.get_closest_marker("seconds")
        seconds = marker.args[0] if marker else self.seconds
        limits = Limits(cpu_seconds=seconds, wall_seconds=3 * seconds)
        self._connection = self._used_one(limits) or self.place.open(limits)
        exercise = self.submission.exercise
        student = Student(self._connection)
        student.load(
            source=self.submission.source,
            filename=self.submission.filename,
            name=f"submission_{exercise.name}",
            tensors=exercise.may_use == "keras",
            forbidden=list(self._switched_off()),
            seed=hash_of_seed(self.seed(item.name)),
        )
        return student

    def _switched_off(self) -> tuple[str, ...]:
        """In this process nothing is switched off: the oracles live here too."""
        from autograder.grading.transport import InThisProcess

        if isinstance(self.place, InThisProcess):
            return ()
        return self.submission.exercise.forbidden

    def _used_one(self, limits: "Limits") -> "Connection | None":
        """The worker of the check before, if that has left nothing behind."""
        kept, self._kept = self._kept, None
        self.used_before = kept is not None and kept.renew(limits)
        if kept is not None and not self.used_before:
            kept.close()
        return kept if self.used_before else None

    def end(self, item: Any) -> None:
        """Ends a check."""
        connection, self._connection = self._connection, None
        if connection is not None:
            item.user_properties.append(("printed", connection.printed()))
            self._kept = connection
        if not self.keeps:
            self.close()

    def close(self) -> None:
        """Lets go of the worker: the next check gets a fresh one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()


def hash_of_seed(seed: int) -> int:
    """The submission's own seed: it must not give away the one of the inputs."""
    return int.from_bytes(hashlib.sha256(b"submission" + seed.to_bytes(8)).digest()[:7])
