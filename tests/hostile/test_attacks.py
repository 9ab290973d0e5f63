"""Each attack of `attacks.toml` loses only itself.

Every one is judged twice: as it is, where most are refused before anything runs, and
with the analysis of the source switched off, so that the sandbox alone must hold.
"""

import contextlib
import dataclasses
import json
import os
import py_compile
import socket
import time
import tomllib
from pathlib import Path

import keras
import psutil
import pytest

from autograder.grading import places
from autograder.grading.current import Run
from autograder.grading.engine import Engine, judge_source
from autograder.grading.landlocked import landlocked
from autograder.grading.submission import Submission, UnreadableSubmission, read
from course import syllabus

HERE = Path(__file__).parent
ATTACKS = tomllib.loads((HERE / "attacks.toml").read_text())["attack"]
READABLE = [attack for attack in ATTACKS if "unreadable" not in attack]
CONV2D = syllabus.find("conv2d")[0]
SECRET = b"the-secret-of-this-installation"
SECONDS = 1  # of computing, a check
BATTERY = (  # both compare values; a wrong layer can't pass either
    "test_matches_keras_for_each_padding[valid]",
    "test_a_batch_of_one_and_a_kernel_of_one",  # hidden
)
# Where `sockets.py` calls; CI runs both backends at once, each with a port of its own.
PORT = 48765 + (os.environ.get("KERAS_BACKEND") == "tensorflow")
EVERY = 10  # so many attacks, and the reference is judged among them


@pytest.fixture(scope="module")
def reference(pytestconfig):
    path = pytestconfig.rootpath / "solutions" / CONV2D.path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def engine(pytestconfig):
    for folder in ("solutions", "autograder/hidden"):  # as Python leaves them there
        path = pytestconfig.rootpath / folder / CONV2D.path
        name = path.name if folder == "solutions" else f"test_{path.name}"
        py_compile.compile(str(path.with_name(name)), doraise=True)
    return Engine(pytestconfig.rootpath, secret=SECRET, seconds=SECONDS)


@pytest.fixture(scope="module")
def place_at(tmp_path_factory):
    """`place_at(level)`: workers, the same at each call, which are started in a folder
    whose files lie in wait under libraries' names."""
    folder = tmp_path_factory.mktemp("beside")
    for name in ("numpy", "keras", "sitecustomize", "usercustomize", "course"):
        (folder / f"{name}.py").write_text("raise SystemExit('trapped')")
    known = {}

    def place_at(level):
        if level not in known:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                patch.setenv("LAYERWISE_TEST_SECRET", SECRET.decode())
                patch.setenv("TMPDIR", str(folder))  # at `none` all is left here
                patch.setenv("HOME", str(folder))
                workers = places.workers(level, keras.config.backend())
            known[level] = stack.enter_context(workers)
            workers.attacks, workers.first = 0, workers.process
            workers.before = len(processes_of(workers))
        return known[level]

    with contextlib.ExitStack() as stack:
        yield place_at


def at(level):
    marks = [] if level == "none" else [pytest.mark.linux, pytest.mark.requires(level)]
    return pytest.param(level, marks=marks, id=level)


def let_loose():
    """Pairs of a place and an attack."""
    for level in places.LEVELS:
        for attack in READABLE:
            if level in attack.get("places", ["namespaces", "landlock"]):
                name = attack["file"].removesuffix(".py")
                param = at(level)
                yield pytest.param(
                    level, attack, id=f"{level}-{name}", marks=param.marks
                )


def submission_of(attack, reference):
    (exercise,) = syllabus.find(attack.get("exercise", "conv2d"))
    path = HERE / "submissions" / attack["file"]
    found = read(path, exercise, shown_as=f"{exercise.name}.py")
    if exercise != CONV2D:
        path = HERE.parents[1] / "solutions" / exercise.path
        reference = path.read_text(encoding="utf-8")
    whole = found.source.replace("### THE REFERENCE", reference)
    whole = whole.replace("48765", str(PORT))
    whole = whole.replace("layerwise-hostile", f"layerwise-hostile-{PORT}")
    return dataclasses.replace(found, source=whole)


def outcomes(engine, place, submission, only=BATTERY, seconds=SECONDS):
    """The checks on a submission, without the analysis of the source."""
    run = Run(submission, place, SECRET, seconds=seconds)
    suite = engine.suite(submission.exercise)
    with contextlib.closing(run):
        return list(suite.run(run, None if only is None else set(only)))


def judged(engine, place, attack, reference):
    """The outcomes of the checks that an attack meets."""
    count = attack.get("checks", 1)
    only = BATTERY[:count] if isinstance(count, int) else count
    only = None if count == "all" else only
    seconds = attack.get("seconds", SECONDS)
    return outcomes(engine, place, submission_of(attack, reference), only, seconds)


@pytest.mark.parametrize("attack", READABLE, ids=lambda a: a["file"])
def test_the_analysis_of_the_source_says_what_it_should(engine, attack, reference):
    class Nowhere:
        def open(self, limits):
            raise AssertionError("it was run")

    submission = submission_of(attack, reference)
    if not attack["analysis"]:
        assert judge_source(submission) is None
        return
    result = engine.judge(submission, Nowhere())
    assert {o.category for o in result.outcomes} == {attack["analysis"]}
    assert result.points == 0
    assert all(attack["refuses"] in o.message for o in result.outcomes), result.outcomes
    assert attack["analysis"] != "forbidden_api" or all(
        o.message.startswith("Line ") for o in result.outcomes
    )


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if "unreadable" in a], ids=lambda a: a["file"]
)
def test_what_is_no_python_text_is_refused_with_a_way_out(attack, reference):
    with pytest.raises(UnreadableSubmission, match=attack["unreadable"]):
        submission_of(attack, reference)


@pytest.mark.parametrize("level, attack", list(let_loose()))
def test_the_sandbox_alone_holds(engine, place_at, level, attack, reference):
    place = place_at(level)
    if attack.get("after"):
        before = next(a for a in ATTACKS if a["file"] == attack["after"])
        judged(engine, place, before, reference)
    with listening() as called:
        found = judged(engine, place, attack, reference)
    assert_verdict(attack, found)
    assert called == []
    assert_nothing_secret(engine, found, reference)
    if attack.get("twice"):
        again = judged(engine, place, attack, reference)
        assert_verdict(attack, again)
        assert (told(again) == told(found)) == (attack["twice"] == "alike")
    assert place.process is place.first, "the template had to be started again"
    assert_no_more_processes(place, place.before)
    place.attacks += 1
    if place.attacks % EVERY == 0:
        assert_the_next_one_is_judged_right(engine, place, reference)


@pytest.mark.parametrize("level", [at(level) for level in places.LEVELS])
def test_a_right_submission_still_gets_full_marks(engine, place_at, level, reference):
    place = place_at(level)
    found = outcomes(engine, place, Submission(CONV2D, reference, "conv2d.py"), None)
    lost = [(o.check, o.category, o.message) for o in found if not o.passed]
    assert lost == []


@pytest.mark.linux
@pytest.mark.requires("landlock")
def test_behind_landlock_an_ordinary_user_cannot_have_threads_without_end(
    engine, reference
):
    """Of root's threads the kernel keeps no count: see docs/sandbox.md."""
    before = []
    if os.geteuid() == 0:
        before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    (attack,) = (a for a in ATTACKS if a["file"] == "thread_bomb.py")
    with landlocked(keras.config.backend(), before) as place:
        assert_verdict(attack, judged(engine, place, attack, reference))
        assert_the_next_one_is_judged_right(engine, place, reference)


def test_there_are_as_many_attacks_as_files():
    files = {path.name for path in (HERE / "submissions").glob("*.py")}
    assert {attack["file"] for attack in ATTACKS} == files
    assert len(ATTACKS) == len(files) >= 60


def assert_verdict(attack, found):
    verdicts = attack["verdicts"]
    if isinstance(verdicts, dict):
        verdicts = verdicts[keras.config.backend()]
    right = verdicts == ["passed"]
    came = {outcome.category for outcome in found}
    if attack.get("checks") == "all":
        assert came >= set(verdicts) and "grader_error" not in came, told(found)
    else:
        assert came and came <= set(verdicts), told(found)
    earned = sum(outcome.points for outcome in found)
    possible = sum(outcome.max_points for outcome in found)
    if right:
        assert earned == possible
    else:
        assert earned <= attack.get("most", 0) * possible, told(found)
        tells = attack["tells"]
        words = [tells] if isinstance(tells, str) else tells
        read = [f"{o.message} {o.explanation}" for o in found if not o.passed]
        assert any(word in text for word in words for text in read), told(found)
    printed = "\n".join(outcome.printed for outcome in found)
    assert attack.get("says", "") in printed
    assert [word for word in attack.get("never_says", []) if word in printed] == []


def told(found):
    return [(o.check, o.category, o.message, o.printed) for o in found]


def assert_nothing_secret(engine, found, reference):
    """Neither in what came back nor in what a student would see of hidden checks."""
    back = json.dumps([outcome.as_dict() for outcome in found])
    for secret in secrets(engine, reference):
        assert secret not in back
    shown = [o.for_student() for o in found if o.scope == "hidden" and not o.passed]
    feedback = json.dumps([outcome.as_dict() for outcome in shown])
    assert "THE INPUTS ARE" not in feedback and "test_" not in feedback


def assert_the_next_one_is_judged_right(engine, place, reference):
    after = outcomes(engine, place, Submission(CONV2D, reference, "conv2d.py"))
    assert [(o.check, o.category, o.message) for o in after if not o.passed] == []
    assert len(after) == len(BATTERY)


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
            (socket.AF_INET, ("127.0.0.1", PORT)),
            (socket.AF_UNIX, f"\0layerwise-hostile-{PORT}"),
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
