"""Times in pairs, rates, and convolutions computed in several ways."""

import itertools
import time

import keras
import numpy as np
import pytest

from course.measuring import convolutions, machine, statistics, system, timing
from course.measuring.convolutions import Shape, Way

TINY = Shape(2, 7, 3, 3, 4)
BACKEND = keras.backend.backend()


def test_a_comparison_is_of_medians_and_its_spread_is_of_pairs():
    found = statistics.compared([2.0, 4.0, 90.0], [1.0, 8.0, 30.0])
    assert (found.ours, found.theirs, found.ratio) == (4.0, 8.0, 0.5)
    assert (found.low, found.high) == (1.25, 2.5)  # of 2, 0.5 and 3
    assert found.pairs == 3


@pytest.mark.parametrize("ours, theirs", [([], []), ([1.0], [1.0, 2.0])])
def test_what_makes_no_pairs_is_refused(ours, theirs):
    with pytest.raises(ValueError, match="no pairs"):
        statistics.compared(ours, theirs)


def test_quartiles_lie_within_the_values():
    assert statistics.quartiles([3.0]) == (3.0, 3.0)
    assert statistics.quartiles([5.0, 1.0, 2.0, 4.0, 3.0]) == (2.0, 4.0)


@pytest.mark.parametrize(
    "value, said",
    [(12345.6, "12,346"), (99.96, "100.0"), (4.567, "4.57"), (0.01234, "0.0123")],
)
def test_numbers_are_rounded_without_powers_of_ten(value, said):
    assert statistics.rounded(value) == said
    assert statistics.rounded(0.0) == "0"


def test_the_geometric_mean_of_a_ratio_and_its_inverse_is_one():
    assert statistics.geometric_mean([0.25, 4.0]) == pytest.approx(1.0)
    assert statistics.geometric_mean(iter([2.0, 8.0])) == pytest.approx(4.0)
    for wrong in ([], [1.0, 0.0], [-1.0]):
        with pytest.raises(ValueError, match="above 0"):
            statistics.geometric_mean(wrong)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a function moves it."""
    state = {"now": 0.0}
    monkeypatch.setattr(time, "perf_counter", lambda: state["now"])

    def lasts(name, taken, calls):
        def function():
            calls.append(name)
            state["now"] += taken

        return function

    return lasts


def test_functions_are_measured_in_turn_and_long_enough(clock):
    calls = []
    quick, slow = clock("quick", 0.004, calls), clock("slow", 0.5, calls)
    times = timing.interleaved([quick, slow], rounds=4, least=0.02)
    assert times == [pytest.approx([0.004] * 4), pytest.approx([0.5] * 4)]
    measured = [key for key, _ in itertools.groupby(calls)][2:]
    assert measured == ["quick", "slow"] * 4
    *_, (_, last) = (
        (k, len(list(g))) for k, g in itertools.groupby(calls) if k == "quick"
    )
    assert last * 0.004 >= 0.02


def test_what_is_slow_is_measured_once(clock):
    calls = []
    functions = [clock("quick", 0.1, calls), clock("slow", 2.0, calls)]
    times = timing.interleaved(functions, rounds=9, slow=1.0)
    assert [len(found) for found in times] == [9, 1]


def test_a_machine_is_described_by_what_is_installed():
    found = system.describe(3, BACKEND)
    assert found["threads"] == 3
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert found["backend"].startswith(BACKEND) and not found["backend"].endswith("?")
    assert found["processor"]


def test_roofs_are_measured_in_operations_and_bytes(monkeypatch):
    monkeypatch.setattr(machine, "SIZES", (64,))
    monkeypatch.setattr(machine, "COPIED", 2**16)
    monkeypatch.setattr(
        machine, "_quickest", lambda function: function() is None or 0.5
    )
    assert machine.matmul_rate() == 2 * 64**3 / 0.5
    assert machine.bandwidth(2) == 2 * 4 * 2**16 / 0.5


@pytest.mark.parametrize("shape", [TINY, Shape(1, 5, 2, 2, 3), Shape(3, 6, 1, 5, 2)])
def test_the_exact_convolution_is_keras_s(shape):
    x, kernel = convolutions.draw(shape)
    wanted = keras.ops.conv(x, kernel, padding="same")
    assert convolutions.error_of(wanted, convolutions.exactly(x, kernel)) < 1e-5


def test_a_shape_counts_operations_and_bytes():
    assert TINY.operations == 2 * (2 * 7 * 7) * (3 * 3 * 3) * 4
    assert TINY.bytes == 4 * (2 * 7 * 7 * (3 + 4) + 3 * 3 * 3 * 4)


@pytest.mark.parametrize("mode", convolutions.MODES[BACKEND])
def test_all_ways_compute_the_same(mode, monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    found = convolutions.measure(TINY, mode=mode, rounds=1, least=0.0)
    assert [m.way for m in found] == [way.name for way in convolutions.WAYS]
    assert {m.mode for m in found} == {"numpy", mode}
    assert all(m.error < 1e-4 and m.seconds > 0 for m in found)


def test_a_way_that_suits_other_kernels_is_left_out(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    found = convolutions.measure(TINY._replace(window=5), rounds=1, least=0.0)
    assert {way.name for way in convolutions.WAYS} - {m.way for m in found} == {
        "Winograd 2×2",
        "Winograd 4×4",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        lambda layer, x, kernel: layer(x) * 1.01,
        lambda layer, x, kernel: layer(x)[:, 1:],
        lambda layer, x, kernel: layer(x) * np.nan,
    ],
    ids=["values", "shape", "nan"],
)
def test_what_does_not_compute_the_convolution_is_not_measured(wrong):
    ways = [Way("wrong", "", wrong)]
    with pytest.raises(convolutions.DoesNotCompute, match="wrong"):
        convolutions.measure(TINY, ways, rounds=1, least=0.0)
