"""The engine end to end on real workers: scores, categories, explanations, records."""

import contextlib
import json

import pytest

from autograder.authoring import stubs
from autograder.grading import mistakes, records
from autograder.grading.engine import Engine
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess, unisolated
from course import syllabus

CONV2D = syllabus.find("conv2d")[0]


@pytest.fixture(scope="module")
def root(pytestconfig):
    return pytestconfig.rootpath


@pytest.fixture(scope="module")
def reference(root):
    return (root / "solutions" / CONV2D.path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def workers():
    import keras

    with unisolated(keras.config.backend()) as place:
        yield place


@pytest.fixture(scope="module")
def engine(root):
    return Engine(root, secret=b"a secret of the tests", seconds=4)


def judge(engine, workers, source, **options):
    return engine.judge(Submission(CONV2D, source, "conv2d.py"), workers, **options)


def edit(source, old, new):
    assert source.count(old) == 1
    return source.replace(old, new)


def test_the_reference_gets_full_marks(engine, workers, reference):
    result = judge(engine, workers, reference)
    assert [
        (o.check, o.category, o.message) for o in result.outcomes if not o.passed
    ] == []
    assert result.points == result.max_points > 20


def test_the_stub_is_not_attempted_and_gets_nothing(engine, workers, reference):
    result = judge(engine, workers, stubs.stub_of(reference, "conv2d"))
    assert {o.category for o in result.outcomes} == {"not_attempted"}
    assert result.points == 0


def test_a_known_mistake_is_named_from_a_worker(engine, workers, root, reference):
    mistake = mistakes.load(CONV2D, root)[0]
    result = judge(engine, workers, mistake.applied_to(reference))
    assert 0 < result.points < result.max_points
    assert result.category == "wrong_values"
    assert result.explanation == mistake.says


def test_a_syntax_error_names_its_line(engine, workers, reference):
    broken = edit(reference, "def call(self, inputs):", "def call(self, inputs)")
    result = judge(engine, workers, broken)
    line = reference[: reference.index("def call")].count("\n") + 1
    assert {o.category for o in result.outcomes} == {"syntax_error"}
    assert f"line {line}" in result.outcomes[0].message


def test_a_missing_class_is_a_missing_name(engine, workers, reference):
    renamed = reference.replace("class Conv2D(", "class Convolution(")
    result = judge(engine, workers, renamed)
    assert {o.category for o in result.outcomes} == {"missing_name"}
    assert "Conv2D" in result.outcomes[0].message


def test_an_error_shows_the_students_own_lines_only(engine, workers, reference):
    wrong = edit(
        reference, "y = y + self.bias", "y = y + ops.ones((2, 3, 4, 5, 6, 7, 8))"
    )
    outcome = next(o for o in judge(engine, workers, wrong).outcomes if not o.passed)
    assert outcome.category == "raised"
    assert "ops.ones((2, 3" in outcome.frames[-1][1]
    assert all("def " not in text for _, text, _ in outcome.frames)


@pytest.mark.parametrize(
    "line, category",
    [
        ("while True: pass", "timed_out"),
        ("raise SystemExit(0)", "exited"),
        ("x = [0] * 10**10", "out_of_memory"),
        ("return None", "wrong_values"),
        ("return inputs[..., :1]", "wrong_shape"),
    ],
)
def test_each_way_to_fail_has_its_category(engine, workers, reference, line, category):
    wrong = edit(
        reference,
        "        x = self.pad(inputs)\n",
        f"        {line}\n        x = inputs\n",
    )
    only = {"test_applies_the_activation_after_the_bias"}
    found = list(_outcomes(engine, workers, wrong, only))
    assert [o.category for o in found] == [category]


def _outcomes(engine, workers, source, only):
    from autograder.grading.current import Run

    run = Run(Submission(CONV2D, source, "conv2d.py"), workers, b"x", seconds=2)
    with contextlib.closing(run):
        yield from engine.suite(CONV2D).run(run, only=only)


def test_the_batch_goes_on_after_a_crash(engine, workers, reference):
    judge(engine, workers, edit(reference, "        x = self.pad(inputs)\n",
          "        x = self.pad(inputs)\n        [].append(ops.no_such)\n"))  # fmt: skip
    assert judge(engine, workers, reference).passed


def test_what_keeps_running_is_not_asked_again_when_patience_ends(
    engine, workers, reference
):
    endless = edit(
        reference, "        x = self.pad(inputs)\n", "        while True: pass\n"
    )
    result = judge(engine, workers, endless, patience=1)
    assert [o.category for o in result.outcomes].count("timed_out") == 1
    assert result.outcomes[-1].category == "not_judged"
    assert len(result.outcomes) == len(engine.suite(CONV2D))


def test_the_same_submission_meets_the_same_inputs(engine, root, reference):
    from autograder.grading.current import Run

    submission = Submission(CONV2D, reference, "conv2d.py")
    again = Run(submission, InThisProcess(), engine.secret)
    other = Run(
        Submission(CONV2D, reference + "\n", "x"), InThisProcess(), engine.secret
    )
    without = Run(submission, InThisProcess(), b"another secret")
    first = Run(submission, InThisProcess(), engine.secret).seed("test_a")
    assert again.seed("test_a") == first
    assert (
        len({first, other.seed("test_a"), without.seed("test_a"), again.seed("b")}) == 4
    )


def test_verdicts_are_the_same_in_a_worker_and_in_this_process(
    engine, workers, root, reference
):
    for mistake in mistakes.load(CONV2D, root)[:4]:
        source = mistake.applied_to(reference)
        far = judge(engine, workers, source, explain=False).outcomes
        near = judge(engine, InThisProcess(), source, explain=False).outcomes
        assert [o.category for o in far] == [o.category for o in near]
        assert [o.message for o in far] == [o.message for o in near]


def test_a_check_comes_out_the_same_alone_and_in_any_order(
    engine, workers, root, reference
):
    source = mistakes.load(CONV2D, root)[1].applied_to(reference)
    together = judge(engine, workers, source, explain=False).outcomes
    backwards = [
        outcome
        for expected in reversed(together)
        for outcome in judge(
            engine, workers, source, explain=False, only={expected.check}
        ).outcomes
    ]
    assert [o.message for o in reversed(backwards)] == [o.message for o in together]


def test_a_record_replays(engine, workers, root, reference, tmp_path):
    mistake = mistakes.load(CONV2D, root)[1]
    result = judge(engine, workers, mistake.applied_to(reference))
    records.append(tmp_path / "r.jsonl", records.record(result, engine, "none"))
    (entry,) = records.read(tmp_path / "r.jsonl")
    assert records.replay(entry, Engine(root, secret=b"other"), workers) == []
    assert entry["submission_sha256"] == result.submission.sha256


def test_a_replay_tells_what_came_out_otherwise(
    engine, workers, root, reference, tmp_path
):
    entry = records.record(judge(engine, workers, reference), engine, "none")
    entry["outcomes"][0]["category"] = "wrong_shape"
    entry = json.loads(json.dumps(entry))
    (difference,) = records.replay(entry, engine, workers)
    assert (difference.recorded, difference.now) == ("wrong_shape", "passed")


def test_a_broken_line_of_records_is_named(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"half": \n')
    with pytest.raises(records.BadRecord, match="line 1"):
        list(records.read(path))


def test_hidden_checks_show_students_only_their_category(engine, workers, reference):
    wrong = edit(
        reference, "return self.activation(y)", "return self.activation(y) + 1"
    )
    hidden = [o for o in judge(engine, workers, wrong).outcomes if o.scope == "hidden"]
    failed = next(o for o in hidden if not o.passed)
    shown = failed.for_student()
    assert shown.category == failed.category
    assert shown.explanation == failed.explanation
    secret = failed.message.split("got ")[1][:6]
    assert secret not in repr(shown)
    assert failed.check not in repr(shown)
