"""Asking for feedback, and asking too often; as a server asks, too."""

import datetime
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.delivery.attempts import AttemptsUsedUp, BadLedger, Ledger
from autograder.delivery.policy import Limit

UTC = datetime.UTC
CONV2D = "u05_convolution/conv2d"
LAYERWISE = Path(sys.executable).with_name("layerwise")
NOON = datetime.datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = datetime.timedelta(hours=1)


def test_attempts_are_counted_for_each_student_and_exercise(tmp_path):
    ledger = Ledger(tmp_path / "attempts.jsonl", Limit.of("2/day"))
    assert ledger.take("ada", CONV2D, NOON).left == 1
    assert ledger.take("ada", CONV2D, NOON + HOUR).left == 0
    assert ledger.take("bob", CONV2D, NOON).left == 1
    assert ledger.take("ada", "u05_convolution/pooling", NOON).left == 1


def test_the_window_moves_with_time_and_the_refusal_says_when_it_opens(tmp_path):
    ledger = Ledger(tmp_path / "attempts.jsonl", Limit.of("2/day"))
    for hours in (0, 5):
        ledger.take("ada", CONV2D, NOON + hours * HOUR)
    with pytest.raises(AttemptsUsedUp, match="03 November 2026, 12:00 UTC"):
        ledger.take("ada", CONV2D, NOON + 20 * HOUR)
    assert ledger.take("ada", CONV2D, NOON + 24 * HOUR).left == 0


def ask(path, answers):
    ledger = Ledger(path, Limit.of("10/day"))
    granted = 0
    for _ in range(20):
        try:
            ledger.take("ada", CONV2D, NOON)
            granted += 1
        except AttemptsUsedUp:
            pass
    answers.put(granted)


def test_two_processes_together_grant_no_more_than_the_limit(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    path = tmp_path / "attempts.jsonl"
    both = [context.Process(target=ask, args=(path, answers)) for _ in range(2)]
    for process in both:
        process.start()
    granted = sum(answers.get(timeout=60) for _ in both)
    for process in both:
        process.join()
    assert granted == 10
    assert len(path.read_text().splitlines()) == 10


def test_the_next_attempt_is_named_in_the_zone_of_the_question(tmp_path):
    ledger = Ledger(tmp_path / "attempts.jsonl", Limit.of("2/day"))
    zone = datetime.timezone(3 * HOUR, "MSK")
    ledger.take("ada", CONV2D, NOON)
    taken = ledger.take("ada", CONV2D, (NOON + 5 * HOUR).astimezone(zone))
    assert taken.next == NOON + 24 * HOUR
    assert taken.next.tzinfo is zone


def test_an_attempt_given_back_can_be_taken_again(tmp_path):
    ledger = Ledger(tmp_path / "attempts.jsonl", Limit.of("1/day"))
    ledger.take("ada", CONV2D, NOON)
    ledger.give_back("ada", CONV2D, NOON)
    ledger.take("ada", CONV2D, NOON + HOUR)
    with pytest.raises(AttemptsUsedUp):
        ledger.take("ada", CONV2D, NOON + 2 * HOUR)


def test_half_a_line_is_cut_off_and_other_lines_count(tmp_path):
    path = tmp_path / "attempts.jsonl"
    ledger = Ledger(path, Limit.of("2/day"))
    ledger.take("ada", CONV2D, NOON)
    with open(path, "a") as file:
        file.write('{"student": "ada", "exer')
    assert ledger.take("ada", CONV2D, NOON).left == 0
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


def test_a_line_that_is_no_attempt_is_named_and_grants_nothing(tmp_path):
    path = tmp_path / "attempts.jsonl"
    path.write_text('{"student": "ada"}\n')
    with pytest.raises(BadLedger, match="line 1"):
        Ledger(path, Limit.of("2/day")).take("ada", CONV2D, NOON)
    assert path.read_text() == '{"student": "ada"}\n'


# As a server calls it


class Server:
    """Calls `layerwise feedback` for uploads to an exercise that takes no training."""

    def __init__(self, folder, root, isolation):
        self.folder, self.root, self.isolation = folder, root, isolation
        self.right = (root / "solutions/u01_numpy_mlp/losses.py").read_text()
        self.ledger = folder / "attempts.jsonl"
        self.policy = folder / "policy.toml"
        self.policy.write_text('zone = "Europe/Berlin"\nattempts = "2/day"\n')

    def start(self, text, *words, name="losses.py", student="ada"):
        upload = self.folder / "u01_numpy_mlp" / name
        upload.parent.mkdir(exist_ok=True)
        upload.write_text(text)
        command = [LAYERWISE, "feedback", upload, "--student", student]
        command += ["--policy", self.policy, "--ledger", self.ledger]
        return subprocess.Popen(
            [*map(str, command), "--isolation", self.isolation, *words],
            cwd=self.root,
            env={**os.environ, "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words, **options):
        """Exit code, what was printed, what was complained of."""
        process = self.start(*words, **options)
        said, complained = process.communicate(timeout=300)
        return process.returncode, said, complained

    def counted(self, student):
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return sum(json.loads(line)["student"] == student for line in lines)


@pytest.fixture(scope="module")
def server(tmp_path_factory, pytestconfig, isolation_level):
    folder = tmp_path_factory.mktemp("server")
    return Server(folder, pytestconfig.rootpath, isolation_level)


def test_a_student_reads_what_is_wrong_and_how_many_attempts_are_left(server):
    wrong = server.right.replace("return 2 * self.error", "return self.error")
    assert wrong != server.right
    code, said, _ = server.ask(wrong, student="ada")
    assert code == 0
    assert "✗" in said and "wrong" in said and str(server.folder) not in said
    assert "1 attempt left; one more from" in said and "CE" in said
    assert server.counted("ada") == 1


def test_of_two_at_once_one_gets_the_last_attempt_and_the_other_is_told_when(server):
    now = datetime.datetime.now(UTC)
    Ledger(server.ledger, Limit.of("2/day")).take("bob", "u01_numpy_mlp/losses", now)
    both = [server.start(server.right, student="bob") for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 3], said
    assert any("No attempts left" in text for text in said)
    assert any("Your attempts are used up (2 a day)" in text for text in said)
    assert server.counted("bob") == 2


def test_an_attempt_is_counted_though_the_command_is_killed(server):
    process = server.start(server.right, student="eve")
    deadline = time.monotonic() + 300
    while not server.counted("eve"):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert server.counted("eve") == 1


STUB = Path(__file__).parents[2] / "exercises/u01_numpy_mlp/losses.py"


@pytest.mark.parametrize(
    "text, options, says",
    [
        ("x = 1", {"name": "upload.py"}, "which exercise is it"),
        ("x = 1", {"name": "losses.txt"}, "neither an exercise file nor a notebook"),
        ("{nope", {"name": "u01.ipynb"}, "holds no exercise"),
        ("x = 1", {"student": " "}, "whose attempt"),
        (STUB.read_text(), {}, "nothing is written yet (losses)"),
    ],
)
def test_an_upload_that_can_not_be_judged_costs_nothing(server, text, options, says):
    before = server.ledger.read_text() if server.ledger.exists() else ""
    code, said, complained = server.ask(text, **{"student": "cy", **options})
    assert (code, said) == (1, "")
    assert complained.startswith("layerwise: ") and says in complained
    assert (server.ledger.read_text() if server.ledger.exists() else "") == before


def test_a_policy_without_a_limit_and_a_ledger_without_a_policy_are_refused(server):
    empty = server.folder / "empty.toml"
    empty.write_text("percent_a_day = 10\n")
    code, _, complained = server.ask(server.right, "--policy", str(empty))
    assert code == 1 and "limits no attempts" in complained
    command = [LAYERWISE, "feedback", "x.py", "--student", "ada", "--ledger", "l"]
    done = subprocess.run(
        command, cwd=server.root, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1 and "give both" in done.stderr
