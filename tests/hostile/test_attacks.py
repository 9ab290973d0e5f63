"""Each attack of `attacks.toml` loses only itself.

Every one is judged twice: as it is, where most are refused before anything runs, and
with the analysis of the source switched off, so that the sandbox alone must hold.
"""

import contextlib
import dataclasses
import json
import socket
import time
import tomllib
from pathlib import Path

import psutil
import pytest

from autograder.grading import isolation
from autograder.grading.current import Run
from autograder.grading.engine import Engine, judge_source
from autograder.grading.submission import Submission
from autograder.grading.transport import unisolated
from course import syllabus

HERE = Path(__file__).parent
ATTACKS = tomllib.loads((HERE / "attacks.toml").read_text())["attack"]
CONV2D = syllabus.find("conv2d")[0]
SECRET = b"the-secret-of-this-installation"
SECONDS = 1  # of computing, a check
BATTERY = (  # both compare values; a wrong layer can't pass either
    "test_matches_keras_for_each_padding[valid]",
    "test_a_batch_of_one_and_a_kernel_of_one",
)
POSSIBLE = isolation.possible()


@pytest.fixture(scope="module")
def reference(pytestconfig):
    path = pytestconfig.rootpath / "solutions" / CONV2D.path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def engine(pytestconfig):
    return Engine(pytestconfig.rootpath, secret=SECRET, seconds=SECONDS)


@pytest.fixture(
    scope="module",
    params=[pytest.param("namespaces", marks=pytest.mark.linux), "none"],
)
def place(request, tmp_path_factory):
    """Workers, started in a folder whose files lie in wait under libraries' names."""
    import keras

    if request.param == "namespaces" and not POSSIBLE.isolated:
        pytest.skip(f"no namespaces: {POSSIBLE.reason} {POSSIBLE.way_out}")
    folder = tmp_path_factory.mktemp("beside")
    for name in ("numpy", "keras", "sitecustomize", "usercustomize", "course"):
        (folder / f"{name}.py").write_text("raise SystemExit('trapped')")
    start = unisolated if request.param == "none" else isolation.namespaced
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LAYERWISE_TEST_SECRET", SECRET.decode())
        workers = start(keras.config.backend())
    with workers:
        workers.name = request.param
        yield workers


def text_of(attack, reference):
    text = (HERE / "submissions" / attack["file"]).read_text()
    return text + reference if attack.get("before_the_reference") else text


def outcomes(engine, place, text, only=BATTERY, seconds=SECONDS):
    """The checks on `text`, without the analysis of the source."""
    run = Run(Submission(CONV2D, text, "conv2d.py"), place, SECRET, seconds=seconds)
    return list(engine.suite(CONV2D).run(run, only=set(only)))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a["file"])
def test_the_analysis_of_the_source_says_what_it_should(engine, attack, reference):
    class Nowhere:
        def open(self, limits):
            raise AssertionError("it was run")

    submission = Submission(CONV2D, text_of(attack, reference), "conv2d.py")
    if not attack["analysis"]:
        assert judge_source(submission) is None
        return
    result = engine.judge(submission, Nowhere())
    assert {o.category for o in result.outcomes} == {attack["analysis"]}
    assert result.points == 0


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a["file"])
def test_the_sandbox_alone_holds(engine, place, attack, reference):
    if place.name not in attack["places"]:
        pytest.skip(f"not let loose at isolation level {place.name}")
    outcomes(engine, place, reference)  # workers are ready
    before = len(processes_of(place)) - len(place._ready)
    with listening() as called:
        slow = attack["verdicts"] in (["timed_out"], ["out_of_memory"])
        judged = outcomes(
            engine,
            place,
            text_of(attack, reference),
            only=BATTERY[:1] if slow else BATTERY,
            seconds=attack.get("seconds", SECONDS),
        )
    printed = "\n".join(outcome.printed for outcome in judged)
    assert {o.category for o in judged} <= set(attack["verdicts"]), judged
    earned = sum(outcome.points for outcome in judged)
    possible = sum(outcome.max_points for outcome in judged)
    assert earned == (possible if attack["verdicts"] == ["passed"] else 0)
    assert attack.get("says", "") in printed
    assert [word for word in attack.get("never_says", []) if word in printed] == []
    assert called == []
    back = json.dumps([dataclasses.asdict(o) | {"evidence": ""} for o in judged])
    for secret in secrets(engine, reference):
        assert secret not in back
    after = outcomes(engine, place, reference)
    assert [(o.check, o.category, o.message) for o in after if not o.passed] == []
    assert len(after) == len(BATTERY)
    assert_no_more_processes(place, before)


def test_a_right_submission_still_gets_full_marks(engine, place, reference):
    everything = [item.name for item in engine.suite(CONV2D).items]
    judged = outcomes(engine, place, reference, everything)
    lost = [(o.check, o.category, o.message) for o in judged if not o.passed]
    assert lost == []


def secrets(engine, reference):
    """Words that only the trusted side knows."""
    yield SECRET.decode()
    hidden = engine.root / "autograder/hidden" / CONV2D.unit / f"test_{CONV2D.name}.py"
    for text in (hidden.read_text(encoding="utf-8"), reference):
        yield from (line.strip() for line in text.splitlines() if len(line) > 60)
    for name in BATTERY:
        yield str(Run(Submission(CONV2D, reference, ""), None, SECRET).seed(name))


def processes_of(place):
    """Living processes below the grader's end of `place`, the template included."""
    found = set()
    for process in [place.process.pid, *_below(place.process.pid)]:
        with contextlib.suppress(psutil.Error):
            if psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
                found.add(process)
    return found


def _below(pid):
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def assert_no_more_processes(place, before):
    """Beside the workers that wait, nothing new is left."""
    deadline = time.monotonic() + 5
    while len(left := processes_of(place)) > before + len(place._ready):
        assert time.monotonic() < deadline, [psutil.Process(p) for p in left]
        time.sleep(0.05)


@contextlib.contextmanager
def listening():
    """Listens where `sockets.py` calls; gives a list that fills with callers."""
    called = []
    with contextlib.ExitStack() as stack:
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 48765)),
            (socket.AF_UNIX, "\0layerwise-hostile"),
        ):
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            listener.settimeout(0)
            stack.callback(_accept, listener, called)
        yield called
        stack.close()


def _accept(listener, called):
    with contextlib.suppress(BlockingIOError):
        called.append(listener.accept()[1])
