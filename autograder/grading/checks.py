"""Collects the checks of an exercise once and runs them for one submission after another."""

import contextlib
import hashlib
import io
import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import _prepareconfig
from _pytest.runner import runtestprotocol

from autograder.grading import twins
from autograder.grading.current import CURRENT, Run
from autograder.grading.outcome import CheckFailed, Outcome
from course.syllabus import Exercise

_FAILURE = pytest.StashKey[Any]()

# Ends after which the worker is gone, or of no more use.
_COSTLY = {"timed_out", "out_of_memory", "exited", "protocol_error", "grader_error"}
# Without the plugins that watch a whole test session; they cost more than a check.
_QUIET = (
    "-s -q --tb=no -p no:cacheprovider -p no:unraisableexception -p no:threadexception "
    "-p no:faulthandler -p no:logging -p no:warnings -p no:junitxml -p no:debugging"
).split()


class BrokenChecks(Exception):
    """The checks themselves can't be collected: the maintainer's fault."""


class CheckSuite:
    """The public and hidden checks of one exercise.

    Args:
        exercise: Whose checks.
        root: The project folder.
        scopes: `public`, `hidden` or both; a scope without a file has no checks.
    """

    def __init__(
        self,
        exercise: Exercise,
        root: Path,
        scopes: tuple[str, ...] = ("public", "hidden"),
    ):
        self.exercise = exercise
        self.files = {
            scope: path for scope in scopes if (path := file_of(root, exercise, scope))
        }
        twin = root / twins.path_of(exercise)
        self._sources = [*self.files.values(), *([twin] if twin.exists() else [])]
        self._stamp = self._now()
        _forget_modules(self._sources)
        self._config, self.items = _collect(root, list(self.files.values()))

    @property
    def stale(self) -> bool:
        """Whether a file of checks, or the twin that they share, has changed since."""
        return self._stamp != self._now()

    def _now(self) -> list[int]:
        return [path.stat().st_mtime_ns for path in self._sources]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def quick(self) -> set[str]:
        """The names of the checks that don't train a network."""
        return {i.name for i in self.items if i.get_closest_marker("trains") is None}

    def run(self, run: Run, only: set[str] | None = None) -> Iterator[Outcome]:
        """Runs the checks in their order and yields the outcomes.

        Each comes at once, until one has failed that is yet to be confirmed. The run
        keeps its worker; whoever made it closes it.

        Args:
            run: The submission and where it lives.
            only: Names of the checks to run; all if None. What they need and is not
                among them counts as passed.
        """
        items = [item for item in self.items if only is None or item.name in only]
        taken = {item.originalname for item in items}
        passed = {
            i.originalname: True for i in self.items if i.originalname not in taken
        }
        run.keeps = True
        yield from self._in_order(items, run, passed)

    def once(self, run: Run, name: str) -> Outcome:
        """One check, whatever it needs, in the worker that the run has."""
        run.keeps = True
        return self._tried(next(i for i in self.items if i.name == name), run)

    def _in_order(
        self, items: list[Any], run: Run, passed: dict[str, bool], trusts: bool = True
    ) -> Iterator[Outcome]:
        """Nobody fails by what an earlier check has left behind.

        The first check that fails is judged again in a fresh worker. If it fails there
        too, others that fail in a used one wait for the last of them to be confirmed;
        if that is not, they are all judged again in fresh workers (`trusts` is False).
        """
        certain = False  # a check has failed in a fresh worker
        waiting: list[tuple[Any, Outcome]] = []  # with what came after them
        doubtful: Any = None
        for number, item in enumerate(items):
            lacking = self._lacking(item, passed)
            if lacking:
                outcome = self._not_judged(item, lacking)
            elif certain and trusts:
                outcome = self._tried(item, run)
                if outcome.category in _COSTLY:  # the worker is gone anyway
                    outcome = self._again(item, run, outcome)
                elif not outcome.passed and run.used_before:
                    if not waiting:
                        start, before = number, dict(passed)
                    doubtful = item, outcome
            else:
                outcome = self._confirmed(item, run)
                certain = certain or not outcome.passed
            base = item.originalname
            passed[base] = passed.get(base, True) and outcome.passed
            if doubtful:
                waiting.append((item, outcome))
            else:
                yield outcome
        if not doubtful:
            return
        item, outcome = doubtful
        run.close()
        if self._tried(item, run).category == outcome.category:
            yield from (outcome for _, outcome in waiting)
        else:
            yield from self._in_order(items[start:], run, before, trusts=False)

    def _lacking(self, item: pytest.Function, passed: dict[str, bool]) -> list[str]:
        marker = item.get_closest_marker("needs")
        return [n for n in (marker.args if marker else ()) if not passed.get(n, False)]

    def _confirmed(self, item: pytest.Function, run: Run) -> Outcome:
        """One check, in the worker of the one before if that passes there."""
        outcome = self._tried(item, run)
        return outcome if outcome.passed else self._again(item, run, outcome)

    def _again(self, item: pytest.Function, run: Run, outcome: Outcome) -> Outcome:
        """What failed in a used worker is judged in a fresh one."""
        run.close()
        return self._tried(item, run) if run.used_before else outcome

    def _tried(self, item: pytest.Function, run: Run) -> Outcome:
        self._config.stash[CURRENT] = run
        item.user_properties.clear()
        item.stash[_FAILURE] = None
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            runtestprotocol(item, log=False, nextitem=None)
        outcome = self._outcome(item, item.stash[_FAILURE])
        outcome.seconds = time.perf_counter() - started
        outcome.printed = str(dict(item.user_properties).get("printed", ""))
        return outcome

    def _outcome(self, item: pytest.Function, failure: Any) -> Outcome:
        outcome = Outcome(
            check=item.name,
            title=title(item.name),
            scope=self.scope(item),
            points=0.0,
            max_points=points(item),
            category="passed",
        )
        if failure is None:
            outcome.points = outcome.max_points
        elif isinstance(failure, CheckFailed):
            outcome.category, outcome.message = failure.category, failure.message
            outcome.detail, outcome.explanation = failure.detail, failure.explanation
            outcome.frames, outcome.evidence = failure.frames, failure.evidence
        elif isinstance(failure, AssertionError):
            outcome.category = "wrong_values"
            outcome.message = str(failure).partition("\n")[0] or "not as specified"
            outcome.evidence = outcome.message
        else:
            outcome.category = "grader_error"
            outcome.message = f"{type(failure).__name__}: {failure}"[:500]
        return outcome

    def _not_judged(self, item: pytest.Function, lacking: list[str]) -> Outcome:
        outcome = self._outcome(item, None)
        outcome.points, outcome.category = 0.0, "not_judged"
        reasons = " and ".join(f"“{title(name)}”" for name in lacking)
        outcome.message = f"It can be judged once {reasons} passes."
        return outcome

    def scope(self, item: pytest.Function) -> str:
        """`public` or `hidden`: whose file the check is in."""
        return next(s for s, path in self.files.items() if path == item.path)


class _Failures:
    """Keeps the exception itself; pytest's reports keep only its text."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        if call.excinfo is not None and item.stash.get(_FAILURE, None) is None:
            item.stash[_FAILURE] = call.excinfo.value
        return (yield)


def file_of(root: Path, exercise: Exercise, scope: str) -> Path | None:
    """The file of an exercise's public or hidden checks; None if there is none."""
    folder = root / ("exercises" if scope == "public" else "autograder/hidden")
    path = folder / exercise.unit / f"test_{exercise.name}.py"
    return path if path.exists() else None


def sha256_of(root: Path, exercise: Exercise, scopes: Iterable[str]) -> str:
    """A hash of an exercise's files of checks, and of the twin that they share."""
    digest = hashlib.sha256()
    for scope in sorted(scopes):
        path = file_of(root, exercise, scope)
        if path is not None:
            digest.update(scope.encode() + path.read_bytes())
    twin = root / twins.path_of(exercise)
    if twin.exists():
        digest.update(b"twin" + twin.read_bytes())
    return digest.hexdigest()


def _collect(root: Path, files: list[Path]) -> tuple[Any, list[Any]]:
    if not files:
        raise BrokenChecks("no file of checks")
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        arguments = [*_QUIET, "--rootdir", str(root), *map(str, files)]
        config = _prepareconfig(arguments, plugins=[_Failures()])
        config._do_configure()
        session = pytest.Session.from_config(config)
        config.hook.pytest_sessionstart(session=session)
        try:
            session.perform_collect()
        except (pytest.UsageError, pytest.Collector.CollectError) as error:
            raise BrokenChecks(f"{files}: {error}\n{said.getvalue()}") from error
    if not session.items or session.testsfailed:
        raise BrokenChecks(f"{files}: no checks\n{said.getvalue()}")
    return config, session.items


def _forget_modules(files: list[Path]) -> None:
    """Has the files imported afresh: pytest knows modules by their place in a project,
    so a changed file, or the same of another project, would be what it had before.
    """
    stale = {path.parts[-3:] for path in files}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).parts[-3:] in stale:
            del sys.modules[name]


def points(item: pytest.Function) -> float:
    """What a check is worth: `@pytest.mark.points(2)`, or 1."""
    marker = item.get_closest_marker("points")
    return float(marker.args[0]) if marker else 1.0


def title(name: str) -> str:
    """`test_matches_keras[same-2]` → `matches keras (same-2)`."""
    base, _, case = name.removeprefix("test_").partition("[")
    words = re.sub("_+", " ", base)
    return f"{words} ({case[:-1]})" if case else words
