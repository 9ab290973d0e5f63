"""What being late costs."""

import datetime

import pytest

from autograder.delivery import policy
from autograder.delivery.policy import BadPolicy

UNIT, CONV2D = "u05_convolution", "u05_convolution/conv2d"
UTC = datetime.UTC
FILE = """
zone = "Europe/Berlin"
grace_minutes = 15
percent_a_day = 10
most_percent = 25

[due]
u05_convolution = 2026-11-02T23:59:00
"u05_convolution/pooling" = 2026-11-09T23:59:00+00:00
"""


def load(tmp_path, text=FILE):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return policy.load(path)


def at(text):
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "submitted, percent",
    [
        ("2026-11-02T22:59:00+00:00", 0),  # 23:59 in Berlin
        ("2026-11-03T00:14:00+01:00", 0),  # within the grace
        ("2026-11-03T00:14:01+01:00", 10),
        ("2026-11-03T23:59:00+01:00", 10),
        ("2026-11-03T23:59:01+01:00", 20),
        ("2026-11-20T12:00:00+01:00", 25),
    ],
)
def test_each_day_begun_costs_until_the_most(submitted, percent, tmp_path):
    penalty = load(tmp_path).penalty(CONV2D, at(submitted))
    assert penalty.percent == percent
    assert penalty.of(40) == 40 * (1 - percent / 100)


def test_an_exercise_may_be_due_when_its_unit_is_not(tmp_path):
    later = at("2026-11-08T00:00:00+00:00")
    rules = load(tmp_path)
    assert rules.penalty(f"{UNIT}/pooling", later).percent == 0
    assert rules.penalty(CONV2D, later).percent == 25
    assert rules.penalty("u00_tensors/puzzles", later).percent == 0


def test_an_unknown_time_costs_nothing_and_says_so(tmp_path):
    penalty = load(tmp_path).penalty(CONV2D, None)
    assert penalty.percent == 0
    assert "unknown" in penalty.note


@pytest.mark.parametrize(
    "text, says",
    [
        ("percent_per_day = 10", "no such field: percent_per_day"),
        ("percent_a_day = 110", "between 0 and 100"),
        ("grace_minutes = true", "between 0 and more"),
        ("[due]\nu99_nothing = 2026-11-02T23:59:00Z", "u99_nothing"),
        ("[due]\nu05_convolution = 2026-11-02", "say 2026-11-02T23:59:00"),
        ("[due]\nu05_convolution = 2026-11-02T23:59:00", "in which zone"),
        ('zone = "Atlantis"\n[due]\nu05_convolution = 2026-11-02T23:59:00', "Atlantis"),
        ('attempts = "many"', "5/day"),
        ("due = 3", "table"),
        ("x = = 3", "policy.toml"),
    ],
)
def test_a_policy_that_is_none_is_explained(text, says, tmp_path):
    with pytest.raises(BadPolicy, match=says):
        load(tmp_path, text)
