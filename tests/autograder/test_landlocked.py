"""Landlock: what a fenced worker can't do, and how it is refused where there is none."""

import json
import os
import time

import keras
import pytest

from autograder.grading import isolation, landlocked, places
from autograder.sandbox import wire
from autograder.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=10, wall_seconds=20)
FENCED = pytest.mark.requires("landlock")


@pytest.fixture(scope="module")
def place():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A_SECRET_OF_THE_GRADER", "1")
        workers = places.workers("landlock", keras.config.backend())
    with workers:
        yield workers


@pytest.fixture
def ask(place):
    """`ask(source)`: what `answer` is in a fresh worker."""

    def ask(source):
        worker = place.open(LIMITS)
        try:
            names = {"filename": "layer.py", "name": "submission_layer"}
            rest = {"tensors": False, "forbidden": [], "seed": 1}
            load = {"id": 1, "do": "load", "source": source, **names, **rest}
            loaded = wire.unpack(worker.exchange(wire.pack(load)))
            assert "value" in loaded, loaded
            get = {"id": 2, "do": "get", "target": loaded["value"], "name": "answer"}
            return wire.unpack(worker.exchange(wire.pack(get)))["value"]
        finally:
            worker.close()

    return ask


@pytest.mark.linux
@FENCED
class TestWhatAFencedWorkerCanDo:
    @pytest.mark.parametrize("name", ["solutions", "autograder/hidden", "README.md"])
    def test_it_reads_nothing_of_the_project_but_course_and_sandbox(self, ask, name):
        path = str(isolation.ROOT / name)
        source = f"""
import os
try:
    answer = str(os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}))
except PermissionError:
    answer = "refused"
"""
        assert os.path.exists(path)
        assert ask(source) == "refused"

    def test_it_learns_nothing_from_its_environment(self, ask):
        seen = ask("import os; answer = dict(os.environ)")
        assert "A_SECRET_OF_THE_GRADER" not in seen
        assert seen["HOME"] == seen["TMPDIR"] != os.environ.get("HOME")

    def test_its_folder_is_its_own_and_goes_with_it(self, ask):
        leave = "import os; open('left', 'w').close(); answer = os.getcwd()"
        first = ask(leave)
        look = f"import os; answer = [os.path.exists({first + '/left'!r}), os.getcwd()]"
        assert ask(look)[1] != first
        deadline = time.monotonic() + 10  # the template clears up when it comes to it
        while ask(look)[0]:
            assert time.monotonic() < deadline

    @pytest.mark.parametrize(
        "door",
        [
            "os.fork()",
            "os.kill(os.getppid(), 0)",
            "os.chmod('.', 0o700)",
            "socket.socket(socket.AF_UNIX)",
            "socket.socket(socket.AF_INET)",
            "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
            "fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid())",
            "os.listdir('/proc')",
            "open('/tmp/layerwise-outside', 'w')",
        ],
    )
    def test_what_would_reach_others_is_refused(self, ask, door):
        source = f"""
import fcntl, os, resource, socket
try:
    {door}
    answer = "allowed"
except OSError as error:
    answer = "refused"
"""
        assert ask(source) == "refused"


@pytest.mark.linux
@FENCED
def test_what_the_template_wrote_is_removed_with_it(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with places.workers("landlock", keras.config.backend()):
        assert list(tmp_path.glob("layerwise-*"))
    assert not list(tmp_path.glob("layerwise-*"))


@pytest.fixture
def impossible(monkeypatch):
    def impossible(complaint):
        landlocked.possible.cache_clear()
        monkeypatch.setattr(landlocked, "_tried", lambda: complaint)
        monkeypatch.setattr(landlocked.importlib.util, "find_spec", lambda name: name)

    yield impossible
    landlocked.possible.cache_clear()


@pytest.mark.linux
@pytest.mark.parametrize(
    "complaint, way_out",
    [
        ("Landlock here is version 0; 3 is needed", "Linux 6.2"),
        ("libseccomp.so.2: cannot open shared object file", "libseccomp2"),
        ("can't start new thread", "a user that nothing else runs as"),
    ],
)
def test_where_there_is_no_fence_nothing_weaker_is_given(
    impossible, complaint, way_out
):
    impossible(complaint)
    with pytest.raises(isolation.CannotIsolate, match=way_out):
        places.workers("landlock", "torch")


def test_what_is_covered_is_neither_read_nor_listed(monkeypatch, tmp_path):
    packages = tmp_path / "lib" / "site-packages"
    for name in ("autograder", "solutions", "numpy"):
        (packages / name).mkdir(parents=True)
    covered = [str(packages / "autograder"), str(packages / "solutions")]
    monkeypatch.setattr(isolation, "seen", lambda: ([str(tmp_path)], covered))
    found = json.loads(landlocked._as_json())
    assert found == {"read": [str(packages / "numpy")], "list": [str(packages)]}
