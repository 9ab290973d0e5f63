"""Workers: what their ends mean, and that nothing of them is left.

The template imports a stand-in for Keras here, so that it starts at once.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.grading.outcome import CheckFailed
from autograder.grading.spawned import SpawnedWorkers
from autograder.grading.transport import (
    TemplateFailed,
    Workers,
    template_environment,
    unisolated,
)
from autograder.sandbox import wire
from autograder.sandbox.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).parent / "fake_keras"
ENVIRONMENT = {
    **os.environ,
    **template_environment(""),
    "PYTHONPATH": f"{FAKE}{os.pathsep}{ROOT}",
}
TEMPLATE = [sys.executable, "-m", "autograder.sandbox.template"]
LIMITS = Limits(cpu_seconds=1, wall_seconds=6, memory=500 * 2**20)


def forked(**options):
    return Workers(TEMPLATE, ENVIRONMENT, **options)


def spawned(**options):
    return SpawnedWorkers(ENVIRONMENT, **options)


@pytest.fixture(scope="module", params=[forked, spawned])
def workers(request):
    with request.param() as place:
        yield place


def ask(worker, number, do, **arguments):
    request = wire.pack({"id": number, "do": do, **arguments})
    return wire.unpack(worker.exchange(request))


def load(worker, source):
    names = {"filename": "layer.py", "name": "submission_layer"}
    rest = {"tensors": False, "forbidden": [], "seed": 1}
    return ask(worker, 1, "load", source=source, **names, **rest)


def answer(workers, source, limits=LIMITS):
    """What `answer` is after `source` has run in a fresh worker, and what it printed."""
    worker = workers.open(limits)
    try:
        loaded = load(worker, source)
        if "error" in loaded:
            return loaded["error"], worker.printed()
        target = loaded["value"]
        return ask(worker, 2, "get", target=target, name="answer")["value"], (
            worker.printed()
        )
    finally:
        worker.close()


def test_a_worker_answers_and_what_it_prints_is_kept(workers):
    source = "print('one\\ntwo\\x1b[31m\\x07'); answer = 42"
    value, printed = answer(workers, source)
    assert value == 42
    assert printed == "one\ntwo\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}\n"


def test_no_worker_sees_what_another_was_given(workers):
    assert answer(workers, "import sys; sys.left = answer = 1")[0] == 1
    source = "import sys; answer = hasattr(sys, 'left')"
    if isinstance(workers, Workers):
        assert answer(workers, source)[0] is False
    assert answer(workers, "answer = 'left' in globals()")[0] is False


def test_only_what_was_printed_in_a_check_belongs_to_it(workers):
    answer(workers, "print('mine'); answer = 1")
    assert answer(workers, "print('yours'); answer = 1")[1] == "yours\n"


def test_a_file_beside_does_not_replace_a_library(tmp_path, monkeypatch):
    for name in ("numpy", "keras", "sitecustomize", "msgpack"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('trapped')")
    monkeypatch.chdir(tmp_path)
    with forked() as place:
        assert answer(place, "answer = 1")[0] == 1


ENDS = {
    "an exit": ("import os; os._exit(0)", "exited", "exit code 0"),
    "a crash": ("import os; os.kill(os.getpid(), 11)", "exited", "SIGSEGV"),
    "sleep": ("import time; time.sleep(99)", "timed_out", "No answer within 6 s"),
    "a loop": ("while True: pass", "timed_out", "1 s of computing"),
    "hanging up": (
        "import os, time; os.closerange(3, 99); time.sleep(99)",
        "protocol_error",
        "hung up",
    ),
    "a bad allocation": (
        "import os; os.write(2, b'std::bad_alloc'); os.abort()",
        "out_of_memory",
        "ran out of memory",
    ),
}


@pytest.mark.parametrize("source, category, words", ENDS.values(), ids=ENDS)
def test_an_end_is_told_as_what_it_was(workers, source, category, words):
    with pytest.raises(CheckFailed) as failed:
        answer(workers, source)
    assert failed.value.category == category
    assert words in failed.value.message
    assert answer(workers, "answer = 1")[0] == 1  # the next one is not harmed


def test_memory_is_limited(workers):
    source = """
hoard = []
while True:
    hoard.append(bytearray(2**25))
"""
    limits = Limits(cpu_seconds=20, wall_seconds=30, memory=500 * 2**20)
    try:
        told, _ = answer(workers, source, limits)
        assert told["kind"] == "out_of_memory"
    except CheckFailed as failed:
        assert failed.category == "out_of_memory"


def test_output_is_limited(workers):
    source = "while True: print('x' * 1_000_000)"
    limits = Limits(cpu_seconds=20, wall_seconds=30, file_size=2**22)
    try:
        told, printed = answer(workers, source, limits)
        assert "more was printed" in told["text"]
        assert len(printed) <= 2**14
    except CheckFailed as failed:
        assert failed.category == "raised"
        assert "more was printed" in failed.message


def test_one_who_does_not_read_is_not_waited_for_for_ever(workers):
    worker = workers.open(LIMITS)
    started = time.monotonic()
    try:
        with pytest.raises(CheckFailed) as failed:
            load(worker, "import time; time.sleep(99) #" + "x" * 2_000_000)
    finally:
        worker.close()
    assert failed.value.category == "timed_out"
    assert time.monotonic() - started < 8


def test_waiting_can_be_broken_off(workers):
    def give_up():
        raise InterruptedError

    worker = workers.open(LIMITS)
    workers.on_wait = give_up
    try:
        with pytest.raises(InterruptedError):
            load(worker, "import time; time.sleep(99)")
    finally:
        workers.on_wait = lambda: None
        worker.close()
    assert answer(workers, "answer = 1")[0] == 1


def test_a_broken_frame_is_told(workers):
    source = """
import os
for descriptor in range(3, 99):
    try:
        os.write(descriptor, b"\\xff" * 8)
    except OSError:
        pass
"""
    with pytest.raises(wire.WireError, match="announced"):
        answer(workers, source)


@pytest.mark.parametrize("start", [Workers, SpawnedWorkers])
def test_one_that_does_not_start_says_why(start, tmp_path):
    (tmp_path / "keras.py").write_text("raise ImportError('no backend here')")
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    arguments = [TEMPLATE] if start is Workers else []
    with pytest.raises(TemplateFailed, match="no backend here"):
        start(*arguments, {**ENVIRONMENT, "PYTHONPATH": path})


def test_a_worker_that_does_not_start_is_not_the_submissions_fault():
    failing = Workers(TEMPLATE, {**ENVIRONMENT, "FAKE_KERAS_FAILS": "1"})
    wanted = r"(?s)did not start.*no operation runs"
    with failing as place, pytest.raises(TemplateFailed, match=wanted):
        place.open(LIMITS)


def test_a_template_that_has_ended_is_started_again():
    with forked() as place:
        place.open(LIMITS).close()
        place.process.kill()
        place.process.wait()
        assert answer(place, "answer = 1")[0] == 1


# What is left


def family(process):
    return [process, *process.children(recursive=True)]


def gone(processes, seconds=5):
    return not psutil.wait_procs(processes, timeout=seconds)[1]


@pytest.mark.parametrize("start", [forked, spawned])
def test_closing_leaves_no_process(start):
    me = psutil.Process()
    before = set(me.children(recursive=True))
    with start() as place:
        busy = place.open(Limits(cpu_seconds=60, wall_seconds=0.2))
        with pytest.raises(CheckFailed):
            load(busy, "while True: pass")
        place.open(LIMITS).close()
    assert gone(set(me.children(recursive=True)) - before)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a subreaper")
def test_what_a_worker_has_started_ends_with_it():
    source = """
import os, time
answer = os.fork()
if answer == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(99)
"""
    with forked(ahead=0) as place:
        template = psutil.Process(place.process.pid)
        worker = place.open(LIMITS)
        load(worker, source)
        started = set(family(template)) - {template}
        assert len(started) >= 2
        worker.close()
        assert gone(started)


GRADER = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("these_tests", sys.argv[1])
these = importlib.util.module_from_spec(spec)
spec.loader.exec_module(these)
with getattr(these, sys.argv[2])() as place:
    busy = place.open(these.Limits(cpu_seconds=600, wall_seconds=600))
    print("ready", flush=True)
    these.load(busy, "while True: pass")
"""


@pytest.mark.parametrize("start", ["forked", "spawned"])
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGINT], ids=lambda s: s.name
)
def test_nothing_outlives_the_grader(start, number):
    grader = subprocess.Popen(
        [sys.executable, "-c", GRADER, __file__, start],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with grader:
        assert grader.stdout.readline() == b"ready\n"
        time.sleep(0.5)
        processes = family(psutil.Process(grader.pid))
        assert len(processes) >= 3
        os.killpg(grader.pid, number)  # as the terminal does
        try:
            grader.wait(10)
        finally:
            grader.kill()  # the test has failed, but it ends
    assert gone(processes)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_systems_that_cannot_fork_get_spawned_workers(platform, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("KERAS_BACKEND", "PYTHONPATH"):
        monkeypatch.setenv(name, ENVIRONMENT.get(name, ""))
    monkeypatch.setattr(SpawnedWorkers, "__init__", lambda self, env, **options: None)
    assert isinstance(unisolated("torch"), SpawnedWorkers)


def test_everything_imports_where_there_is_no_resource_module():
    modules = (
        "autograder.sandbox.worker, autograder.grading.transport, "
        "autograder.grading.spawned, autograder.grading.isolation"
    )
    hide = "import psutil, sys; sys.modules['resource'] = None; sys.modules['fcntl'] = None"
    program = f"{hide}; import {modules}"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
