"""Namespaces: what a worker sees, what it can't do, and when they are refused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import psutil
import pytest

from autograder.grading import isolation
from autograder.sandbox import wire
from autograder.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=10, wall_seconds=20)
NAMESPACES = pytest.mark.requires("namespaces")


@pytest.fixture(scope="module")
def place():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A_SECRET_OF_THE_GRADER", "1")
        workers = isolation.namespaced(keras.config.backend())
    with workers:
        yield workers


def load(worker, source):
    names = {"filename": "layer.py", "name": "submission_layer"}
    rest = {"tensors": False, "forbidden": [], "seed": 1}
    request = {"id": 1, "do": "load", "source": source, **names, **rest}
    return wire.unpack(worker.exchange(wire.pack(request)))


def answer(worker, source):
    """What `answer` is in a worker after `source` has run there."""
    loaded = load(worker, source)
    assert "value" in loaded, loaded
    request = {"id": 2, "do": "get", "target": loaded["value"], "name": "answer"}
    return wire.unpack(worker.exchange(wire.pack(request)))["value"]


@pytest.fixture
def ask(place):
    """`ask(source)`: what `answer` is in a fresh worker."""

    def ask(source, limits=LIMITS):
        worker = place.open(limits)
        try:
            return answer(worker, source)
        finally:
            worker.close()

    return ask


def family(process):
    return [process, *process.children(recursive=True)]


# What is seen


@pytest.mark.linux
@NAMESPACES
class TestWhatAWorkerSees:
    def test_of_the_project_course_and_the_sandbox_alone(self, ask):
        source = "import os; answer = sorted(os.listdir('/layerwise'))"
        assert ask(source) == ["autograder", "course"]
        source = "import os; answer = sorted(os.listdir('/layerwise/autograder'))"
        assert ask(source) == ["__init__.py", "sandbox"]

    @pytest.mark.parametrize(
        "folder", ["solutions", "exercises", "autograder", "tests", "docs", ".git"]
    )
    def test_nothing_where_the_project_lies(self, ask, folder):
        path = str(isolation.ROOT / folder)
        assert ask(f"import os; answer = os.path.exists({path!r})") is False

    def test_no_more_folders_at_the_root_than_are_needed(self, ask):
        seen = set(ask("import os; answer = os.listdir('/')"))
        python = {Path(p).parts[1] for p in isolation._python_folders()}
        python |= {Path(p).parts[1] for p in isolation.packages()}
        system = {"usr", "etc", "proc", "dev", "sys", "tmp", "scratch", "layerwise"}
        assert seen <= system | python | set(isolation._SYSTEM) | {"nix", "gnu"}

    def test_hardly_anything_in_etc(self, ask):
        seen = set(ask("import os; answer = os.listdir('/etc')"))
        assert seen <= {"ld.so.cache", "alternatives"}

    def test_an_environment_of_our_making(self, ask):
        seen = ask("import os; answer = dict(os.environ)")
        assert "A_SECRET_OF_THE_GRADER" not in seen
        assert (seen["HOME"], seen["USER"]) == ("/scratch/home", "student")
        assert str(isolation.ROOT) not in seen["PYTHONPATH"].split(":")

    def test_itself_as_the_only_process(self, ask):
        source = "import os; answer = [os.getpid(), os.getppid(), os.listdir('/proc')]"
        pid, parent, proc = ask(source)
        assert (pid, parent) == (1, 0)
        assert set(proc) == {"1", "self", "thread-self"}

    def test_no_network(self, ask):
        source = """
with open("/proc/self/net/dev") as file:
    answer = [line.split(":")[0].strip() for line in file.readlines()[2:]]
"""
        assert ask(source) == ["lo"]

    def test_no_descriptors_but_its_own(self, ask):
        source = "import os; answer = len(os.listdir('/proc/self/fd'))"
        assert ask(source) == 5  # three streams, the channel, the listing

    def test_a_machine_without_its_name(self, ask):
        assert ask("import os; answer = os.uname().nodename") == "layerwise"


@pytest.mark.linux
@NAMESPACES
class TestWhatAWorkerCanDo:
    def test_it_writes_to_its_scratch_folder_alone(self, ask):
        source = """
import os
answer = []
for folder, folders, _ in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(folder, f) != "/proc"]
    if len(folder.split("/")) > 4:
        folders[:] = []
    if os.access(folder, os.W_OK):
        answer.append(folder)
"""
        assert all(path.startswith("/scratch") for path in ask(source))

    def test_its_scratch_folder_is_bounded(self, ask):
        source = """
import errno
try:
    for number in range(100):
        with open(f"/scratch/{number}", "wb") as file:
            for _ in range(30):
                file.write(bytes(2**20))
    answer = -1
except OSError as error:
    answer = error.errno == errno.ENOSPC and number
"""
        assert ask(source) == 8  # 256 MiB in files of 30

    def test_it_has_no_privileges(self, ask):
        source = """
answer = {}
for line in open("/proc/self/status"):
    name, _, value = line.partition(":")
    if name.startswith("Cap") or name in ("NoNewPrivs", "Seccomp"):
        answer[name] = int(value, 16)
"""
        found = ask(source)
        assert found.pop("NoNewPrivs") == 1
        assert found.pop("Seccomp") == 2
        assert set(found.values()) == {0}

    def test_its_processes_are_counted(self, ask):
        source = """
import os, time
answer = 0
try:
    while os.fork():
        answer += 1
    time.sleep(100)
except OSError:
    pass
"""
        source = source.replace(
            "answer = 0", "answer = len(os.listdir('/proc/self/task'))"
        )
        bounds = Limits(cpu_seconds=10, wall_seconds=20, processes=40)
        assert ask(source, bounds) == 40 + 16 * os.cpu_count()  # threads count too

    def test_the_backend_works(self, ask):
        source = """
import keras, numpy as np
model = keras.Sequential([keras.layers.Dense(2)])
model.compile("sgd", "mse")
model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
model.save("/scratch/model.keras")
answer = keras.saving.load_model("/scratch/model.keras").predict(np.ones((1, 3)), verbose=0)
"""
        assert ask(source).shape == (1, 2)

    def test_two_workers_do_not_meet(self, place):
        first, second = place.open(LIMITS), place.open(LIMITS)
        leave = """
import os, socket
open("/scratch/left", "w").close()
open("/dev/shm/left", "w").close()
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0left")
listener.listen()
answer = os.getpid()
"""
        look = """
import os, socket
answer = [os.path.exists("/scratch/left"), os.path.exists("/dev/shm/left")]
try:
    socket.socket(socket.AF_UNIX).connect("\\0left")
    answer.append(True)
except OSError:
    answer.append(False)
answer.append(len([name for name in os.listdir("/proc") if name.isdigit()]))
"""
        try:
            assert answer(first, leave) == 1
            assert answer(second, look) == [False, False, False, 1]
        finally:
            first.close()
            second.close()


@pytest.mark.linux
@NAMESPACES
def test_a_worker_and_all_it_started_are_gone_when_it_is_closed(place):
    worker = place.open(LIMITS)
    source = """
import os, time
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        time.sleep(100)
answer = 1
"""
    assert answer(worker, source) == 1
    everybody = family(psutil.Process(place.process.pid))
    (parent,) = [p for p in everybody if len(p.children()) == 5]
    started = family(parent)
    worker.close()
    assert not psutil.wait_procs(started, timeout=5)[1]


def is_template(process):
    """Not what `isolation.possible` has tried: that ends at once by itself."""
    try:
        return "autograder.sandbox.template" in process.cmdline()
    except psutil.Error:
        return False


GRADER = """
import keras
from autograder.grading import isolation
from autograder.sandbox import wire
from autograder.sandbox.limits import Limits
with isolation.namespaced(keras.config.backend()) as place:
    worker = place.open(Limits(cpu_seconds=600, wall_seconds=600))
    print("ready", flush=True)
    names = {"filename": "layer.py", "name": "submission_layer"}
    rest = {"tensors": False, "forbidden": [], "seed": 1, "source": "while True: pass"}
    worker.exchange(wire.pack({"id": 1, "do": "load", **names, **rest}))
"""


@pytest.mark.linux
@NAMESPACES
@pytest.mark.parametrize("moment", ["while it starts", "while it grades"])
def test_nothing_outlives_a_grader_that_is_killed(moment):
    command = [sys.executable, "-c", GRADER]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=isolation.ROOT
    ) as grader:
        if moment == "while it grades":
            assert grader.stdout.readline() == b"ready\n"
        me, deadline = psutil.Process(grader.pid), time.monotonic() + 60
        processes = family(me)
        while len(processes) < 3 or not any(map(is_template, processes)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
            processes = family(me)
        grader.send_signal(signal.SIGKILL)
    assert not psutil.wait_procs(processes, timeout=5)[1]


# When it can't be had


@pytest.fixture
def impossible(monkeypatch):
    """`impossible(complaint)`: a kernel that refuses with these words."""

    def impossible(complaint):
        isolation.possible.cache_clear()
        monkeypatch.setattr(isolation, "_tried", lambda means: complaint)

    yield impossible
    isolation.possible.cache_clear()


def test_where_it_cannot_be_had_nothing_weaker_is_given(impossible):
    impossible("unshare: Operation not permitted")
    with pytest.raises(isolation.CannotIsolate, match="Operation not permitted"):
        isolation.namespaced("torch")
    report = isolation.possible()
    assert not report.isolated and report.reason.endswith(".") and report.way_out


def test_a_missing_library_is_named(impossible):
    impossible("libseccomp.so.2: cannot open shared object file")
    assert "apt-get install libseccomp2" in isolation.possible().way_out


@pytest.mark.parametrize(
    "setting, value, way_out",
    [
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "apparmor_restrict_unprivileged_userns=0",
        ),
    ],
)
def test_the_setting_that_forbids_it_is_named(
    impossible, tmp_path, monkeypatch, setting, value, way_out
):
    path = tmp_path / setting
    path.parent.mkdir()
    path.write_text(value + "\n")
    monkeypatch.setattr(isolation, "_SETTINGS", tmp_path)
    impossible("unshare: No space left on device")
    assert f"sysctl -w {setting.split('/')[0]}." in isolation.possible().way_out
    assert way_out in isolation.possible().way_out


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_other_systems_are_told_so(system, monkeypatch):
    isolation.possible.cache_clear()
    monkeypatch.setattr(sys, "platform", system.lower())
    monkeypatch.setattr("platform.system", lambda: system)
    report = isolation.possible()
    isolation.possible.cache_clear()
    assert not report.isolated and system in report.reason


@pytest.mark.parametrize("release", ["4.18.0-553.el8", "5.10.0"])
def test_a_kernel_that_counts_processes_otherwise_is_refused(release, monkeypatch):
    isolation.possible.cache_clear()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.release", lambda: release)
    report = isolation.possible()
    isolation.possible.cache_clear()
    assert not report.isolated and release in report.reason


# The room


def test_a_python_in_the_home_folder_itself_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(isolation.CannotIsolate, match="your home"):
        isolation._room()


def test_a_project_that_is_itself_an_environment_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(isolation.ROOT))
    with pytest.raises(isolation.CannotIsolate, match="the course itself"):
        isolation._room()


def test_a_project_below_what_is_shown_is_covered(monkeypatch, tmp_path):
    root = tmp_path / "course"
    (root / ".venv").mkdir(parents=True)
    monkeypatch.setattr(isolation, "ROOT", root)
    monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    shown = isolation._room().shown
    cover = shown.index((str(root), ""))
    assert shown.index((str(tmp_path), str(tmp_path))) < cover
    assert (str(root / ".venv"), str(root / ".venv")) in shown[cover:]


def test_an_installed_project_is_covered_where_it_holds_checks(monkeypatch, tmp_path):
    root = tmp_path / "lib" / "site-packages"
    for name in ("autograder", "solutions", "course", "numpy"):
        (root / name).mkdir(parents=True)
    monkeypatch.setattr(isolation, "ROOT", root)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    covered = [path for path, source in isolation._room().shown if not source]
    assert covered == [str(root / "autograder"), str(root / "solutions")]


@pytest.mark.linux
@NAMESPACES
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    "means",
    [
        pytest.param("bubblewrap", marks=pytest.mark.requires("bubblewrap")),
        "kernel",
    ],
)
def test_an_ordinary_user_can_confine_too(means):
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = next(
        (
            path
            for path in (sys.executable, f"/usr/bin/python{version}")
            if _runs(path, user=65534)
        ),
        None,
    )
    if python is None:
        pytest.skip(f"no Python {version} that another user may run")
    packages = Path(wire.msgpack.__file__).parents[1]
    program = (
        "from autograder.grading import isolation as i; "
        f"print(list(i._means())); print(repr(i._tried({means!r})))"
    )
    done = subprocess.run(
        [python, "-c", program],
        env={
            "PYTHONPATH": f"{isolation.ROOT}:{packages}",
            "HOME": "/nonexistent",
            "PATH": os.environ["PATH"],
        },
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[1:] == ["''"], done


def _runs(python, user):
    try:
        return subprocess.run([python, "-c", ""], user=user, group=user).returncode == 0
    except OSError:
        return False
