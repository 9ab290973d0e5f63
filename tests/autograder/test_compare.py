"""`close` and its explanations, with NumPy as the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.grading.compare import close, equal, raises
from autograder.grading.outcome import CheckFailed


def failure(actual, expected, **options) -> CheckFailed:
    with pytest.raises(CheckFailed) as caught:
        close(actual, expected, **options)
    return caught.value


@pytest.fixture
def expected():
    return np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")


def test_equal_arrays_are_close(expected):
    close(expected.copy(), expected)


def test_a_difference_of_rounding_is_close(expected):
    close(expected * (1 + 1e-6), expected)


def test_a_difference_above_the_tolerance_is_not(expected):
    wrong = expected.copy()
    wrong[1, 2, 3] += 1e-3 * np.abs(expected).max()
    found = failure(wrong, expected)
    assert found.category == "wrong_values"
    assert "[1, 2, 3]" in found.message
    assert "1 of 60 values differ" in found.message


def test_the_picture_shows_where(expected):
    wrong = expected.copy()
    wrong[1, 2, 3] += 1
    lines = failure(wrong, expected).detail.splitlines()
    assert lines[0] == "where they differ, at [1, :, :]:"
    assert [line.strip() for line in lines[1:]] == [
        *["····"] * 2,
        "···█",
        *["····"] * 2,
    ]


def test_the_shape_is_asked_for_before_the_dtype(expected):
    assert failure(expected[:2].astype("int32"), expected).category == "wrong_shape"


def test_the_dtype_is_asked_for_before_the_values(expected):
    assert failure(expected.astype("int32"), expected).category == "wrong_dtype"
    assert failure(expected.astype("float16"), expected).category == "wrong_dtype"


def test_float64_for_a_float32_answer_is_named(expected):
    found = failure(expected.astype("float64"), expected)
    assert found.category == "wrong_dtype"
    assert "float64" in found.explanation


def test_a_float64_oracle_may_stand_against_float32(expected):
    close(expected, expected.astype("float64"))


def test_nan_is_not_finite_before_it_is_wrong(expected):
    wrong = expected.copy()
    wrong[0, 0, 1] = np.nan
    found = failure(wrong, expected)
    assert found.category == "not_finite"
    assert "[0, 0, 1]" in found.message


def test_expected_infinities_are_compared():
    values = np.array([1.0, np.inf, -np.inf])
    close(values, values)
    assert failure(np.array([1.0, np.inf, np.inf]), values).category == "wrong_values"


def test_integers_must_be_equal():
    assert failure(np.array([1, 2]), np.array([1, 3])).category == "wrong_values"


def test_none_is_told_to_be_a_missing_return(expected):
    assert "return" in failure(None, expected).explanation


@pytest.mark.parametrize("value", ["text", object(), [[1], [1, 2]], ["a"], {"a": 1}])
def test_what_is_no_array_is_refused(expected, value):
    assert failure(value, expected).category == "wrong_values"


def test_empty_arrays_are_close():
    close(np.zeros((0, 3), "float32"), np.zeros((0, 3), "float32"))


def test_the_reference_sets_the_tolerance(expected):
    exact = expected.astype("float64")
    close(expected, expected, reference=exact)
    slightly = expected * (1 + np.float32(5e-5))
    assert failure(slightly, expected, reference=exact).category == "wrong_values"


SLIPS = {
    "sign": (lambda x: -x, "wrong sign"),
    "batch mean": (lambda x: x / 3, "batch size"),
    "factor": (lambda x: x * 0.7, "same factor"),
    "offset": (lambda x: x + 0.5, "same amount"),
    "flipped": (lambda x: x[:, ::-1], "reversed along axis 1"),
    "first only": (lambda x: np.repeat(x[:1], 3, 0), "first example's result"),
    "rest zero": (
        lambda x: np.concatenate([x[:1], 0 * x[1:]]),
        "Only the first example",
    ),
    "unbiased": (lambda x: x * np.float32(60 / 59), "n−1"),
    "zeros": (np.zeros_like, "Every value is 0"),
    "shifted": (lambda x: np.roll(x, 1, axis=1), "shifted by one along axis 1"),
    "scrambled": (lambda x: x.ravel()[::-7].copy(), None),
    "reordered": (
        lambda x: np.random.default_rng(1).permutation(x.ravel()).reshape(x.shape),
        "in other places",
    ),
}


@pytest.mark.parametrize("slip", [s for s in SLIPS if SLIPS[s][1]])
def test_each_slip_is_named(expected, slip):
    wrong, words = SLIPS[slip]
    assert words in failure(wrong(expected).astype("float32"), expected).explanation


def test_a_transposed_square_is_named():
    square = np.random.default_rng(0).normal(size=(4, 4))
    assert "axes are in the order (1, 0)" in failure(square.T, square).explanation


def test_a_border_is_named():
    image = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype("float32")
    wrong = image.copy()
    wrong[:, [0, -1]] += 1
    wrong[:, :, [0, -1]] += 1
    assert "border" in failure(wrong, image).explanation


SHAPES = {
    ((5, 3, 4), (3, 5, 4)): "transpose by (1, 0, 2)",
    ((3, 1), (3,)): "keepdims",
    ((3, 3), (3, 1)): "(n, 1) combined with (n,)",
    ((3, 4, 4), (3, 5, 4)): "Off by one on axis 1",
    ((1, 5, 4), (3, 5, 4)): "Only 1 of the 3 examples",
    ((15, 4), (3, 5, 4)): "arranged otherwise",
    ((), (3,)): "every axis",
}


@pytest.mark.parametrize("actual, expected_shape", SHAPES)
def test_each_wrong_shape_is_named(actual, expected_shape):
    found = failure(np.zeros(actual), np.zeros(expected_shape))
    assert found.category == "wrong_shape"
    assert SHAPES[actual, expected_shape] in found.explanation


@given(hnp.arrays("float32", hnp.array_shapes(max_dims=4, max_side=5),
                  elements=st.floats(-100, 100, width=32)))  # fmt: skip
def test_any_array_is_close_to_itself_and_not_to_itself_plus_its_range(array):
    close(array, array)
    span = np.float32(np.abs(array).max() + 1)
    assert failure(array + span, array).category == "wrong_values"


def test_equal_compares_plain_values():
    equal([1, 2], (1, 2))
    equal(np.float32(2.0), 2.0)
    with pytest.raises(CheckFailed, match="is 3; expected 4"):
        equal(3, 4)
    with pytest.raises(CheckFailed):
        equal(np.zeros(3), 0)


def test_raises_wants_that_error_or_one_derived_from_it():
    def refuse():
        failure = CheckFailed("raised", "…", evidence="ShapeError: no")
        failure.errors = ("ShapeError", "ValueError", "Exception")
        raise failure

    assert raises(ValueError, refuse) == "no"
    with pytest.raises(CheckFailed, match=r"…"):
        raises(KeyError, refuse)
    with pytest.raises(CheckFailed, match="nothing was"):
        raises(ValueError, lambda: None)
