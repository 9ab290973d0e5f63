"""What a machine lacks: left out on a developer's, a failure where CI is set."""

import subprocess
import sys

import pytest

MISSING = {
    "namespaces": "No namespaces: Refused. Ask.",
    "landlock": "No landlock: Refused. Ask.",
    "chromium": "chromium is not installed: apt-get install chromium",
    "bubblewrap": "bubblewrap is not installed: apt-get install bubblewrap",
}
TESTS = """
import pytest

@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.requires(name)) for name in NAMES
])
def test_it(name):
    pass

def test_level(isolation_level):
    assert isolation_level == "none"
"""
REFUSED = """
from autograder.grading import isolation, places

places.report = lambda level: isolation.Report(reason="Refused.", way_out="Ask.")
from conftest_of_all_tests import *
"""


@pytest.fixture
def said(tmp_path, pytestconfig):
    """`said(CI=…)`: pytest's report where levels are refused and PATH is empty."""
    root = pytestconfig.rootpath
    conftest = (root / "tests/conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest_of_all_tests.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(REFUSED)
    (tmp_path / "test_it.py").write_text(TESTS.replace("NAMES", repr(list(MISSING))))

    def said(**environment):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider"],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": "", "COLUMNS": "300"}
            | environment,
            capture_output=True,
            text=True,
        )
        return done.stdout

    return said


def test_what_is_missing_is_named_and_ci_leaves_nothing_out(said):
    here, in_ci = said(), said(CI="true")
    assert "1 passed, 4 skipped" in here
    assert "5 errors" in in_ci and "passed" not in in_ci
    for reason in MISSING.values():
        assert reason in here
        assert f"{reason} CI is set" in in_ci
