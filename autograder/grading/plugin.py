"""The pytest side of checks: the fixtures `student`, `rng`, `close`, `equal`.

A run is handed over by the engine (`grading.checks`). When pytest is called by hand on
exercises/, each check meets the file beside it in a worker of its own; on solutions/,
the reference in this process.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from autograder.grading.current import CURRENT, Run

MARKERS = (
    "points(n): what the check is worth; 1 if not given",
    "needs(*names): checks that must pass before this one can be judged",
    "seconds(cpu): processor time that the submission may use; 10 if not given",
    "trains: the check trains a network and takes longer than a second",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--inline",
        action="store_true",
        help="run submissions in this process, so that breakpoint() works",
    )


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Says what a failed check means, instead of showing the grader's own code."""
    report = yield
    if CURRENT in item.config.stash or "student" not in getattr(
        item, "fixturenames", ()
    ):
        return report
    from autograder.grading import by_hand
    from autograder.grading.outcome import CheckFailed

    failure = call.excinfo.value if call.excinfo else None
    if isinstance(failure, CheckFailed) and failure.category != "grader_error":
        report.longrepr = failure.as_text()
    if call.when == "call" or failure is not None:
        by_hand.note(item, failure is None)
    return report


@pytest.fixture
def _run(request: pytest.FixtureRequest) -> Run:
    run = request.config.stash.get(CURRENT, None)
    if run is None:
        from autograder.grading import by_hand

        names = by_hand.lacking(request.node)
        if names:
            pytest.skip(f"can be judged once {' and '.join(names)} passes")
        run = by_hand.run_for(request.node)
    return run


@pytest.fixture
def student(_run: Run, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The submission's module, fresh for this check."""
    try:
        yield _run.open(request.node)
    finally:
        _run.end(request.node)


@pytest.fixture
def rng(_run: Run, request: pytest.FixtureRequest):
    """A NumPy generator seeded from the run's secret and the check's name."""
    return _run.rng(request.node.name)


@pytest.fixture
def close():
    """`close(actual, expected)`: see `autograder.grading.compare.close`."""
    from autograder.grading.compare import close

    return close


@pytest.fixture
def equal():
    """`equal(actual, expected)`: see `autograder.grading.compare.equal`."""
    from autograder.grading.compare import equal

    return equal


@pytest.fixture
def raises(student):
    """`raises(ValueError, function, *args)`: the call must raise that error.

    The submission is called once before with the right arguments by the check itself,
    so that a stub can't pass by raising NotImplementedError.
    """
    from autograder.grading.compare import raises

    return raises
