"""Window sizes against counting by hand, and against Keras."""

import keras
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from course.shapes import (
    last_stamp,
    output_size,
    pair,
    same_padding,
    transposed_size,
)

SIZES = {
    "size": st.integers(1, 40),
    "window": st.integers(1, 9),
    "stride": st.integers(1, 5),
    "dilation": st.integers(1, 3),
}


@given(**SIZES)
def test_valid_counts_the_places_where_the_window_fits(size, window, stride, dilation):
    extent = dilation * (window - 1) + 1
    assume(extent <= size)
    places = [start for start in range(0, size, stride) if start + extent <= size]
    assert output_size(size, window, stride, "valid", dilation) == len(places)


@given(**SIZES)
def test_same_padding_is_just_enough(size, window, stride, dilation):
    before, after = same_padding(size, window, stride, dilation)
    steps = output_size(size, window, stride, "same", dilation)
    assert 0 <= after - before <= 1
    padded = size + before + after
    extent = dilation * (window - 1) + 1
    assert (steps - 1) * stride + extent <= padded
    if before + after:
        assert (steps - 1) * stride + extent == padded


@given(**SIZES)
def test_sizes_are_those_of_keras(size, window, stride, dilation):
    assume(stride == 1 or dilation == 1)
    assume(dilation * (window - 1) + 1 <= size)
    for padding in ("valid", "same"):
        layer = keras.layers.Conv2D(
            1, window, stride, padding=padding, dilation_rate=dilation
        )
        expected = layer.compute_output_shape((1, size, size, 1))[1]
        assert output_size(size, window, stride, padding, dilation) == expected


def test_an_unknown_size_stays_unknown():
    assert output_size(None, 3, 2, "valid") is None


def test_a_window_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        output_size(2, 3, 1, "valid")


def test_one_number_means_two():
    assert pair(3, "kernel_size") == pair((3, 3), "kernel_size") == (3, 3)


@pytest.mark.parametrize("value", [0, -1, (1,), (1, 2, 3), (1, 0), (1.5, 2), True])
def test_what_is_no_size_is_refused(value):
    with pytest.raises(ValueError, match="strides"):
        pair(value, "strides")


def test_a_pair_has_two_integers_of_some_least_size():
    assert pair((0, 2), "padding", smallest=0) == (0, 2)
    for wrong in (-1, 1.5, (1,), (1, 2, 3), "ab", None, True):
        with pytest.raises(ValueError, match="`padding` argument must be a tuple"):
            pair(wrong, "padding", smallest=0)


@given(**SIZES, output_padding=st.none() | st.integers(0, 4))
def test_transposed_sizes_are_those_of_keras(
    size, window, stride, dilation, output_padding
):
    assume(stride == 1 or dilation == 1)
    assume(output_padding is None or output_padding < stride)
    for padding in ("valid", "same"):
        layer = keras.layers.Conv2DTranspose(
            1, window, stride, padding, output_padding, dilation_rate=dilation
        )
        expected = layer.compute_output_shape((1, size, size, 1))[1]
        arguments = (window, stride, padding, dilation, output_padding)
        assert transposed_size(size, *arguments) == expected
        assert transposed_size(1, *arguments) == last_stamp(*arguments)
    assert transposed_size(None, window, stride, "same") is None
