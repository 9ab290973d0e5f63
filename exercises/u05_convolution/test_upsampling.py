"""Public checks of UpSampling2D and ZeroPadding2D, against NumPy place by place."""

import numpy as np
import pytest

NAMES = ["nearest", "bilinear"]


def images(rng, *shape):
    return rng.normal(size=shape).astype("float32")


def stretched(x, axis, factor, interpolation):
    """The oracle along one axis: np.repeat, or NumPy's own straight lines."""
    if interpolation == "nearest":
        return np.repeat(x, factor, axis)
    n = x.shape[axis]
    middles = (np.arange(n * factor) + 0.5) / factor - 0.5
    return np.apply_along_axis(
        lambda line: np.interp(middles, np.arange(n), line), axis, x
    )


def enlarged(x, size, interpolation):
    rows = stretched(x.astype("float64"), 1, size[0], interpolation)
    return stretched(rows, 2, size[1], interpolation)


def channels_first(images):
    """(B, H, W, C) → (B, C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(images, -1, 1))


@pytest.mark.points(2)
def test_nearest_repeats_each_pixel(student, rng, close):
    x = images(rng, 2, 3, 4, 2)
    close(student.UpSampling2D()(x), enlarged(x, (2, 2), "nearest"))


@pytest.mark.points(2)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_bilinear_goes_from_middle_to_middle(student, rng, close, size):
    x = images(rng, 2, 4, 3, 2)
    layer = student.UpSampling2D(size, interpolation="bilinear")
    close(layer(x), enlarged(x, (size, size), "bilinear"))


@pytest.mark.points(2)
@pytest.mark.parametrize("interpolation", NAMES)
def test_rows_and_columns_have_their_own_factors(student, rng, close, interpolation):
    x = images(rng, 2, 4, 3, 2)
    layer = student.UpSampling2D((1, 3), interpolation=interpolation)
    close(layer(x), enlarged(x, (1, 3), interpolation))


def test_one_pixel_stays_one_colour(student, rng, close):
    x = images(rng, 3, 1, 1, 2)
    for interpolation in NAMES:
        layer = student.UpSampling2D((3, 2), interpolation=interpolation)
        close(layer(x), enlarged(x, (3, 2), interpolation), interpolation)


def test_enlarges_images_whose_channels_come_first(student, rng, close):
    x = images(rng, 2, 4, 3, 2)
    for interpolation in NAMES:
        layer = student.UpSampling2D((2, 3), "channels_first", interpolation)
        expected = channels_first(enlarged(x, (2, 3), interpolation))
        close(layer(channels_first(x)), expected, interpolation)


@pytest.mark.points(2)
@pytest.mark.parametrize("interpolation", NAMES)
def test_gradients_go_back_by_the_same_weights(student, rng, close, interpolation):
    x, upstream = images(rng, 2, 3, 2, 2), images(rng, 2, 6, 6, 2)
    layer = student.UpSampling2D((2, 3), interpolation=interpolation)
    (gradient,), _ = student.gradients(layer, x, upstream=upstream)
    expected = np.zeros_like(x)
    for i, j in np.ndindex(3, 2):  # what one pixel of 1 becomes are its weights
        one = np.zeros((1, 3, 2, 1))
        one[:, i, j] = 1
        expected[:, i, j] = np.sum(
            upstream * enlarged(one, (2, 3), interpolation), (1, 2)
        )
    close(gradient, expected, "the gradient", category="wrong_gradient")


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "padding, sides",
    [
        (2, ((2, 2), (2, 2))),
        ((1, 3), ((1, 1), (3, 3))),
        (((1, 0), (2, 3)), ((1, 0), (2, 3))),
    ],
    ids=["one number", "two numbers", "two pairs"],
)
def test_zeros_go_to_the_sides_that_are_named(student, rng, close, padding, sides):
    x = images(rng, 2, 3, 4, 2)
    expected = np.pad(x, ((0, 0), *sides, (0, 0)))
    close(student.ZeroPadding2D(padding)(x), expected)


def test_zero_padding_is_one_on_each_side_by_default(student, rng, close):
    x = images(rng, 2, 3, 4, 2)
    close(student.ZeroPadding2D()(x), np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))))


def test_pads_images_whose_channels_come_first(student, rng, close):
    x, sides = images(rng, 2, 2, 3, 4), ((1, 0), (2, 3))
    layer = student.ZeroPadding2D(sides, data_format="channels_first")
    close(layer(x), np.pad(x, ((0, 0), (0, 0), *sides)))


def test_the_gradient_of_padding_is_cut_off(student, rng, close):
    x, upstream = images(rng, 2, 3, 4, 2), images(rng, 2, 4, 9, 2)
    layer = student.ZeroPadding2D(((1, 0), (2, 3)))
    (gradient,), _ = student.gradients(layer, x, upstream=upstream)
    expected = upstream[:, 1:, 2:6]
    close(gradient, expected, "the gradient", category="wrong_gradient")


def test_survives_a_save_and_load(student, rng, close):
    x = images(rng, 2, 3, 4, 2)
    layer = student.UpSampling2D((3, 2), interpolation="bilinear")
    expected = enlarged(x, (3, 2), "bilinear")
    close(student.saved_and_loaded(layer, x)(x), expected, "the loaded layer's output")
