"""Hidden checks of WarmupCosine: Keras's own as the oracle, graphs, bookkeeping."""

import keras
import numpy as np
import pytest

CASES = {
    "no warm-up": (0.2, 9),
    "warm-up": (0.01, 9, 0.2, "s", 0.3, 5),
    "one step of warm-up": (0.01, 3, 0.0, "s", 0.3, 1),
    "a target without steps": (0.01, 4, 0.1, "s", 0.3, 0),
    "steps without a target": (0.2, 4, 0.1, "s", None, 3),
    "downwards": (0.5, 4, 0.0, "s", 0.1, 3),
    "one step down": (0.2, 1),
}


@pytest.mark.parametrize("case", CASES)
def test_matches_the_cosine_decay_of_keras(student, close, case):
    oracle = keras.optimizers.schedules.CosineDecay(*CASES[case])
    schedule = student.WarmupCosine(*CASES[case])
    expected = [float(oracle(step)) for step in range(16)]
    found = [schedule(step) for step in range(16)]
    close(found, np.array(expected, "float32"), "the learning rates at steps 0 to 15")


def test_a_million_steps(student, close):
    args = (0.0, 10**6, 0.0, "s", 1e-3, 10**4)
    oracle = keras.optimizers.schedules.CosineDecay(*args)
    schedule = student.WarmupCosine(*args)
    steps = [1, 9_999, 10_000, 500_000, 900_000, 2_000_000]
    expected = [float(oracle(step)) for step in steps]
    close([schedule(s) for s in steps], np.array(expected, "float32"))


def test_is_what_it_was_after_a_round_trip(student, close):
    args = (0.01, 9, 0.2, "mine", 0.3, 5)
    schedule = student.WarmupCosine(*args)
    copy = student.WarmupCosine.from_config(schedule.get_config())
    oracle = keras.optimizers.schedules.CosineDecay(*args)
    expected = np.array([float(oracle(step)) for step in (0, 2, 7, 30)], "float32")
    close([copy(step) for step in (0, 2, 7, 30)], expected, "the copy's rates")


@pytest.mark.points(2)
def test_trains_in_a_compiled_model(student, close):
    x, y = np.ones((6, 1), "float32"), np.full((6, 1), 100, "float32")
    layer = student.imported("keras.layers.Dense")(1, use_bias=False)
    layer.build((None, 1))
    layer.set_weights([np.zeros((1, 1), "float32")])
    args = (0.1, 4, 0.1, "s", 0.5, 2)
    optimizer = student.imported("keras.optimizers.SGD")(student.WarmupCosine(*args))
    student.trained(layer, x, y, batch_size=1, learning_rate=None, shuffle=False,
                    optimizer=optimizer, loss="mae")  # fmt: skip
    oracle = keras.optimizers.schedules.CosineDecay(*args)
    total = sum(float(oracle(step)) for step in range(6))
    close(layer.get_weights()[0], [[total]], "how far the weight has come in six steps")


def test_refuses_lengths_that_are_none(student, close, raises):
    close(student.WarmupCosine(0.2, 4)(0), np.float32(0.2))
    raises(ValueError, student.WarmupCosine, 0.1, 0)
    raises(ValueError, student.WarmupCosine, 0.1, 5, warmup_target=1.0, warmup_steps=-1)
