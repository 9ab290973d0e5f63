"""Hidden checks of UpSampling2D and ZeroPadding2D: sizes, graphs, precision."""

import keras
import numpy as np
import pytest

SIZES = {  # height and width, factors
    "factors of one": ((3, 4), (1, 1)),
    "a single row": ((1, 5), (4, 3)),
    "a single column": ((5, 1), (2, 5)),
    "large factors": ((2, 3), (7, 8)),
}
PADDINGS = {
    "no padding": ((0, 0), (0, 0)),
    "the bottom alone": ((0, 2), (0, 0)),
    "the left alone": ((0, 0), (3, 0)),
    "more than the image": ((5, 4), (6, 7)),
}


def weights(n, factor, interpolation):
    """A matrix (n·factor, n): how much each place has of each pixel."""
    places, pixels = np.indices((n * factor, n))
    if interpolation == "nearest":
        return (places // factor == pixels).astype("float64")
    middles = np.clip((places + 0.5) / factor - 0.5, 0, n - 1)
    return np.maximum(1 - np.abs(middles - pixels), 0)


def enlarged(x, size, interpolation):
    rows, columns = (
        weights(n, factor, interpolation)
        for n, factor in zip(x.shape[1:3], size, strict=True)
    )
    return np.einsum("oh,pw,bhwc->bopc", rows, columns, x)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_awkward_sizes(student, rng, close, interpolation, size):
    image, factors = SIZES[size]
    x = rng.normal(size=(1, *image, 3)).astype("float32")
    layer = student.UpSampling2D(factors, interpolation=interpolation)
    close(layer(x), enlarged(x, factors, interpolation))


@pytest.mark.points(2)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_matches_keras(student, rng, close, interpolation):
    x = rng.normal(size=(2, 5, 3, 2)).astype("float32")
    oracle = keras.layers.UpSampling2D((3, 4), interpolation=interpolation)
    layer = student.UpSampling2D((3, 4), interpolation=interpolation.upper())
    close(layer(x), oracle(x))


@pytest.mark.points(2)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, interpolation):
    x = rng.normal(size=(3, 4, 3, 2)).astype("float32")
    layer = student.UpSampling2D((2, 3), interpolation=interpolation)
    close(student.predicted(layer, x), enlarged(x, (2, 3), interpolation))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_float64_is_computed_in_float64(student, rng, close, interpolation):
    x = rng.normal(size=(2, 3, 5, 2))
    layer = student.UpSampling2D(3, interpolation=interpolation, dtype="float64")
    close(layer(x), enlarged(x, (3, 3), interpolation), tolerance=1e-12)


def test_large_values_stay_finite(student, rng, close):
    x = (1e30 * rng.normal(size=(2, 3, 4, 1))).astype("float32")
    layer = student.UpSampling2D(2, interpolation="bilinear")
    close(layer(x), enlarged(x, (2, 2), "bilinear"))


@pytest.mark.parametrize("padding", PADDINGS)
def test_awkward_paddings(student, rng, close, padding):
    x = rng.normal(size=(1, 3, 4, 2)).astype("float32")
    sides = PADDINGS[padding]
    expected = np.pad(x, ((0, 0), *sides, (0, 0)))
    close(student.ZeroPadding2D(sides)(x), expected)


def test_padding_runs_in_a_graph_and_after_a_load(student, rng, close):
    x = rng.normal(size=(3, 4, 3, 2)).astype("float32")
    layer = student.ZeroPadding2D(((1, 2), (0, 3)))
    expected = np.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0)))
    close(student.predicted(layer, x), expected)
    close(student.saved_and_loaded(layer, x)(x), expected, "the loaded layer's output")


def test_promises_the_shape_it_delivers(student, rng, close, equal):
    x = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    for interpolation in ("nearest", "bilinear"):
        layer = student.UpSampling2D((2, 3), interpolation=interpolation)
        close(layer(x), enlarged(x, (2, 3), interpolation))
        promised = student.symbolic_shape(layer, (None, None, 4, 2))
        equal(promised, (None, None, 12, 2), "the promised shape")
    layer = student.ZeroPadding2D(((1, 2), (0, 3)))
    close(layer(x), np.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0))))
    promised = student.symbolic_shape(layer, (None, 5, None, 2))
    equal(promised, (None, 8, None, 2), "the promised shape")


def test_padding_below_zero_is_refused(student, rng, close, raises):
    x = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    close(student.ZeroPadding2D(0)(x), x)
    raises(ValueError, student.ZeroPadding2D, ((0, 1), (-1, 0)))
    raises(ValueError, student.ZeroPadding2D, ((-1, 0), (0, 1)))
