"""nbgrader's formgrader, opened in a browser over a course that was graded."""

import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

pytest.importorskip("nbgrader", reason="pip install 'layerwise[nbgrader]'")

BIN = Path(sys.executable).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.requires("chromium")


@pytest.fixture(scope="module")
def graded(classroom, command):
    """The course with one student's right answers graded, but the written one."""
    right = classroom.released(**classroom.solutions, answer="I expected a line.")
    classroom.hand_in("ada", right)
    command(classroom.folder, "nbgrader", "autograde", classroom.unit)
    return classroom


@pytest.fixture(scope="module")
def address(graded, tmp_path_factory):
    """Where a Jupyter server shows the course's formgrader."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [BIN / "jupyter", "server", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    with open(log, "w") as file:
        server = subprocess.Popen(
            [*command, "--IdentityProvider.token="],
            cwd=graded.folder,
            env={**os.environ, "PATH": path, "JUPYTER_CONFIG_DIR": str(log.parent)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status", server, log)
        yield f"http://127.0.0.1:{port}/formgrader"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address, server, log):
    for _ in range(120):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except urllib.error.URLError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def browse(address, tmp_path_factory):
    """Opens a page of formgrader; gives its text after its scripts have run."""
    profile = tmp_path_factory.mktemp("browser")
    options = "--headless --no-sandbox --disable-gpu --window-size=1100,1400".split()

    def open_page(path, *more):
        done = subprocess.run(
            [
                *[CHROMIUM, *options, f"--user-data-dir={profile}"],
                *["--virtual-time-budget=20000", *(more or ["--dump-dom"])],
                f"{address}{path}",
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return open_page


def _text(page):
    return re.sub(r"<[^>]*>", " ", page)


def test_the_assignment_and_its_scores_are_listed(browse, graded):
    assert graded.unit in browse("/manage_assignments")
    text = _text(browse(f"/manage_submissions/{graded.unit}"))
    assert re.search(r"\bada\b", text) and "Loading" not in text
    assert "75 / 82" in text


def test_a_submission_opens_with_feedback_scores_and_hidden_tests(
    browse, graded, tmp_path
):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.folder}/gradebook.db") as book:
        found = book.find_submission_notebook(graded.unit, graded.unit, "ada").id
    page = browse(f"/submissions/{found}/")
    text = _text(page)
    assert "checks pass." in text
    assert "BEGIN HIDDEN TESTS" in text
    picture = tmp_path / "formgrader.png"
    browse(f"/submissions/{found}/", f"--screenshot={picture}")
    pixels = image.imread(picture)[..., :3]
    assert np.median(pixels) > 0.9  # a light page, with something written on it
    assert np.mean(pixels < 0.5) > 0.005


def test_an_answer_graded_by_hand_there_is_in_the_score(browse, graded, address):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.folder}/gradebook.db") as book:
        grade = book.find_grade("u01-answer", graded.unit, graded.unit, "ada")
        assert grade.needs_manual_grade and grade.max_score >= 4
        number, before = grade.id, book.find_submission(graded.unit, "ada").score
    page = f"{address}/api/grade/{number}"
    answer = _put(page, {"manual_score": 4, "extra_credit": None})
    assert answer["manual_score"] == 4 and not answer["needs_manual_grade"]
    text = _text(browse(f"/manage_submissions/{graded.unit}"))
    assert f"{before + 4:g} / 82" in text


def _put(address, value):
    """What the page's own script does when a grader types a score."""
    cookies = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    opener.open(address.partition("/api/")[0], timeout=30).read()
    token = next(cookie.value for cookie in cookies if cookie.name == "_xsrf")
    request = urllib.request.Request(
        address,
        json.dumps(value).encode(),
        {"X-XSRFToken": token, "Content-Type": "application/json"},
        method="PUT",
    )
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)
