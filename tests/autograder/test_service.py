"""The warm service as its client meets it: a real process, a real socket."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from autograder.grading import runtime
from autograder.grading.talk import HungUp, Line
from course import syllabus
from course.cli import client

CONV2D = syllabus.find("conv2d")[0]


@pytest.fixture(scope="module")
def backend():
    import keras

    return keras.config.backend()


@pytest.fixture(scope="module")
def project(tmp_path_factory, pytestconfig):
    """A copy of the project, so that its service is nobody else's."""
    root = tmp_path_factory.mktemp("project")
    for name in ("course", "autograder", "exercises", "solutions", "pyproject.toml"):
        source = pytestconfig.rootpath / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / name)
    return root


@pytest.fixture(scope="module")
def at_home(project, backend, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("LAYERWISE_PROJECT", str(project))
    patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    yield project
    client.stop(project, backend)
    patch.undo()


@pytest.fixture
def check(at_home, backend):
    def run(source, on_event=lambda event: None):
        return client.check_source(CONV2D, source, "conv2d.py", on_event, backend)

    return run


@pytest.fixture
def reference(project):
    return (project / "solutions" / CONV2D.path).read_text(encoding="utf-8")


def test_the_first_check_says_that_it_is_starting_and_the_second_does_not(
    check, reference
):
    first, second = [], []
    assert check(reference, first.append)["passed"]
    assert check(reference, second.append)["passed"]
    assert first[0]["event"] == "starting"
    assert "starting" not in {event["event"] for event in second}


def test_outcomes_come_one_by_one_and_only_public_ones(check, reference):
    events = []
    result = check(reference, events.append)
    came = [event["check"] for event in events if event["event"] == "outcome"]
    assert came == [outcome["check"] for outcome in result["outcomes"]]
    assert {outcome["scope"] for outcome in result["outcomes"]} == {"public"}


def test_two_checks_at_once_do_not_disturb_each_other(check, reference):
    wrong = reference.replace("y = y + self.bias", "y = y - self.bias")
    results = {}

    def run(name, source):
        results[name] = check(source)

    threads = [
        threading.Thread(target=run, args=("right", reference)),
        threading.Thread(target=run, args=("wrong", wrong)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["right"]["passed"]
    assert not results["wrong"]["passed"]


def test_a_client_that_goes_away_frees_the_service(check, project, backend, reference):
    endless = reference.replace("x = self.pad(inputs)", "while True: pass")
    check(reference)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(runtime.socket_path(project, backend)))
    line = Line(connection)
    line.receive()
    request = {"do": "check", "exercise": CONV2D.id, "filename": "x.py"}
    line.send({**request, "source": endless})
    line.receive()
    line.close()
    started = time.monotonic()
    assert check(reference)["passed"]
    assert time.monotonic() - started < 9  # an endless check is allowed 10 s of its own


def test_changed_checks_are_collected_again(check, project, reference):
    path = project / "exercises" / CONV2D.unit / "test_conv2d.py"
    text = path.read_text()
    before = len(check(reference)["outcomes"])
    path.write_text(text + "\n\ndef test_more(student):\n    student.Conv2D(2, 2)\n")
    assert len(check(reference)["outcomes"]) == before + 1
    path.write_text(text)


def test_a_changed_engine_restarts_the_service(check, project, reference):
    check(reference)
    os.utime(project / "course" / "shapes.py")
    events = []
    assert check(reference, events.append)["passed"]
    assert events[0]["event"] == "starting"


def test_only_its_owner_can_talk_to_it(check, project, backend, reference):
    check(reference)
    path = runtime.socket_path(project, backend)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "layerwise").mkdir(mode=0o755)
    with pytest.raises(runtime.UnsafeFolder, match="only you"):
        runtime.folder()


def test_stopping_leaves_no_process_behind(check, project, backend, reference):
    check(reference)
    service = _pid_of(project)
    children = _descendants(service)
    assert children, "the template and its workers"
    assert client.stop(project, backend)
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in (service, *children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert client.stop(project, backend) is False


def test_a_killed_service_is_started_again(check, project, reference):
    check(reference)
    os.kill(_pid_of(project), signal.SIGKILL)
    assert check(reference)["passed"]


def test_a_service_that_cannot_start_says_why(at_home, monkeypatch):
    monkeypatch.setattr(client, "_START_SECONDS", 30)
    with pytest.raises(client.CheckingFailed, match="nonsense"):
        client.check_source(CONV2D, "x = 1", "x.py", backend="nonsense")


def test_a_line_that_is_cut_is_a_hang_up():
    ours, theirs = socket.socketpair()
    theirs.sendall(b'{"half": ')
    theirs.close()
    with pytest.raises(HungUp):
        Line(ours).receive()


def test_the_client_needs_neither_keras_nor_numpy():
    code = "import sys, course.cli.client; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    for heavy in ("keras", "numpy", "pytest", "torch", "tensorflow"):
        assert f"'{heavy}'" not in done.stdout


def _pid_of(project) -> int:
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "autograder.grading.service" in line and str(project) in line:
            return process.pid
    raise AssertionError("no service")


def _descendants(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def _alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"
