"""What `doctor` says of machines that can isolate submissions, or can't."""

import sys

import pytest

from autograder.grading import isolation, landlocked, places
from autograder.grading.isolation import Report
from course.cli import doctor

NO_NAMESPACES = Report(reason="The kernel refuses.", way_out="Ask an administrator.")
NO_LANDLOCK = Report(reason="Linux 4.4 is too old.", way_out="Use Linux 6.2.")


@pytest.fixture
def isolated(monkeypatch):
    """`isolated(namespaces, landlock)`: what doctor says of such a machine."""

    def findings(namespaces, landlock):
        reports = {"namespaces": namespaces, "landlock": landlock}
        monkeypatch.setattr(places, "report", reports.__getitem__)
        return [(found.fine, found.line) for found in doctor._isolation()]

    return findings


def test_namespaces_alone_are_enough(isolated):
    (found,) = isolated(Report(means="bubblewrap"), NO_LANDLOCK)
    expected = "Submissions of others can be graded in isolation (bubblewrap)."
    assert found == (True, expected)


def test_landlock_beside_namespaces_is_offered_as_the_weaker(isolated):
    strong, weak = isolated(Report(means="kernel"), Report(means="landlock"))
    assert strong == (
        True,
        "Submissions of others can be graded in isolation (kernel).",
    )
    assert weak[0] is True
    assert "weaker" in weak[1] and "--isolation landlock" in weak[1]


def test_landlock_alone_is_offered_and_what_namespaces_lack_is_said(isolated):
    strong, weak = isolated(NO_NAMESPACES, Report(means="landlock"))
    assert strong[0] is None  # it breaks nothing for students
    assert "can't be isolated here: The kernel refuses." in strong[1]
    assert "For instructors only: Ask an administrator." in strong[1]
    assert weak[0] is True
    assert "--isolation landlock" in weak[1]


def test_without_any_isolation_both_reasons_and_ways_out_are_told(isolated):
    strong, weak = isolated(NO_NAMESPACES, NO_LANDLOCK)
    assert (strong[0], weak[0]) == (None, None)
    assert "The kernel refuses. For instructors only: Ask" in strong[1]
    assert "Nor is there" in weak[1]
    assert "Linux 4.4 is too old. For instructors only: Use Linux 6.2." in weak[1]


def test_elsewhere_than_on_linux_there_is_neither(isolated, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    asked = isolation.possible.__wrapped__(), landlocked.possible.__wrapped__()
    strong, weak = isolated(*asked)
    assert (strong[0], weak[0]) == (None, None)
    assert "Darwin has no namespaces." in strong[1]
    assert "a Linux container" in strong[1]
    assert "Landlock is a part of Linux." in weak[1]
