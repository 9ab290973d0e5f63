"""Public checks of WarmupCosine, against its formula in Python's own numbers."""

import math

import numpy as np
import pytest

WARM = {"alpha": 0.1, "warmup_target": 0.5, "warmup_steps": 4}


def by_formula(t, initial, decay_steps, alpha=0.0, warmup_target=None, warmup_steps=0):
    """The learning rate at step t."""
    if warmup_target is None:
        warmup_target, warmup_steps = initial, 0
    if t < warmup_steps:
        return initial + (warmup_target - initial) * t / warmup_steps
    angle = math.pi * min(t - warmup_steps, decay_steps) / decay_steps
    return warmup_target * (alpha + (1 - alpha) * (1 + math.cos(angle)) / 2)


def compare(student, close, steps, *args, **settings):
    schedule = student.WarmupCosine(*args, **settings)
    found = [schedule(step) for step in steps]
    expected = [by_formula(step, *args, **settings) for step in steps]
    close(found, np.array(expected, "float32"), f"the learning rates at steps {steps}")


@pytest.mark.points(2)
def test_rises_on_a_straight_line(student, close):
    compare(student, close, [0, 1, 2, 3], 0.1, 10, **WARM)


@pytest.mark.points(2)
def test_falls_along_half_a_cosine(student, close):
    compare(student, close, [4, 5, 8, 9, 13], 0.1, 10, **WARM)


def test_stays_at_its_end(student, close):
    compare(student, close, [13, 14, 15, 20, 1000], 0.1, 10, **WARM)


@pytest.mark.points(2)
def test_begins_with_the_cosine_where_there_is_no_warm_up(student, close):
    compare(student, close, [0, 1, 5, 7, 8], 0.3, 7)


def test_leaves_the_share_alpha_of_the_highest_rate(student, close):
    compare(student, close, [0, 3, 6, 60], 0.3, 6, alpha=0.25)


def test_can_start_at_nothing(student, close):
    settings = {"warmup_target": 0.2, "warmup_steps": 3}
    compare(student, close, [0, 1, 2, 3, 4, 7, 8], 0.0, 5, **settings)


@pytest.mark.points(2)
def test_takes_the_step_as_a_tensor(student, close):
    schedule = student.WarmupCosine(0.1, 10, **WARM)
    for step in (0, 3, 4, 9, 40):
        expected = np.float32(by_formula(step, 0.1, 10, **WARM))
        close(schedule(np.array(step)), expected, f"the learning rate at step {step}")


def test_drives_an_optimizer(student, rng, close):
    schedule = student.WarmupCosine(0.1, 5, **WARM)
    optimizer = student.imported("keras.optimizers.SGD")(schedule)
    ones = np.ones(2, "float32")
    path = student.stepped(optimizer, [np.zeros(2, "float32")], [[ones]] * 11)
    moved = np.diff([0, *(step[0][0] for step in path)])
    expected = [-by_formula(t, 0.1, 5, **WARM) for t in range(11)]
    close(moved.astype("float32"), np.array(expected, "float32"), "the steps taken")
