"""Hidden checks of pooling: awkward sizes, extreme values, graphs, bookkeeping."""

import keras
import numpy as np
import pytest

KINDS = {"MaxPooling2D": np.nanmax, "AveragePooling2D": np.nanmean}
GLOBAL_KINDS = {"GlobalMaxPooling2D": np.max, "GlobalAveragePooling2D": np.mean}
SIZES = {  # height and width, window, strides, padding
    "a window as large as the image": ((4, 3), (4, 3), (1, 1), "valid"),
    "a window of one pixel": ((3, 4), (1, 1), (1, 2), "same"),
    "gaps between the windows": ((8, 7), (2, 1), (3, 4), "valid"),
    "gaps between the padded windows": ((5, 7), (1, 2), (3, 3), "same"),
    "an odd rest of padding": ((9, 8), (3, 3), (2, 2), "same"),
    "windows edge to edge over the rim": ((9, 8), (3, 3), (3, 3), "same"),
    "oblong windows over the rim": ((9, 8), (3, 2), (1, 1), "same"),
    "a window larger than the image": ((2, 3), (5, 4), (1, 2), "same"),
}


def pooled(x, reduce, pool_size, strides, padding):
    """The oracle in float64: padding is NaN, and `reduce` leaves NaN out."""
    x = x.astype("float64")
    if padding == "same":
        margins = [(0, 0), (0, 0), (0, 0), (0, 0)]
        for axis, window, stride in zip((1, 2), pool_size, strides, strict=True):
            last = (x.shape[axis] - 1) // stride * stride  # the last window's start
            lacking = max(last + window - x.shape[axis], 0)
            margins[axis] = (lacking // 2, lacking - lacking // 2)
        x = np.pad(x, margins, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(x, pool_size, axis=(1, 2))
    return reduce(windows[:, :: strides[0], :: strides[1]], axis=(4, 5))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", KINDS)
def test_awkward_sizes(student, rng, close, name, size):
    image, pool_size, strides, padding = SIZES[size]
    x = rng.normal(size=(1, *image, 2)).astype("float32")
    layer = getattr(student, name)(pool_size, strides, padding)
    close(layer(x), pooled(x, KINDS[name], pool_size, strides, padding))


@pytest.mark.points(2)
def test_padding_never_wins_a_maximum(student, rng, close):
    x = (-1e30 * rng.uniform(1, 2, size=(2, 5, 4, 3))).astype("float32")
    layer = student.MaxPooling2D(3, strides=2, padding="same")
    close(layer(x), pooled(x, np.nanmax, (3, 3), (2, 2), "same"))


@pytest.mark.points(2)
def test_valid_pooling_matches_keras(student, rng, close):
    x = rng.normal(size=(3, 8, 11, 4)).astype("float32")
    for name in KINDS:
        oracle = getattr(keras.layers, name)((2, 3), (1, 2))
        close(getattr(student, name)((2, 3), (1, 2))(x), oracle(x), name)


@pytest.mark.parametrize("name", KINDS)
def test_takes_float64_images(student, rng, close, name):
    x = rng.normal(size=(2, 5, 6, 3))
    layer = getattr(student, name)(3, 1, "same", dtype="float64")
    close(layer(x), pooled(x, KINDS[name], (3, 3), (1, 1), "same"))


@pytest.mark.parametrize("name", KINDS)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, name):
    x = rng.normal(size=(3, 7, 8, 2)).astype("float32")
    layer = getattr(student, name)((2, 3), 2, "same")
    expected = pooled(x, KINDS[name], (2, 3), (2, 2), "same")
    close(student.predicted(layer, x), expected)


@pytest.mark.parametrize("name", GLOBAL_KINDS)
def test_global_pooling_runs_in_a_graph_on_a_batch_of_one(student, rng, close, name):
    x = rng.normal(size=(1, 4, 7, 3)).astype("float32")
    expected = GLOBAL_KINDS[name](x, axis=(1, 2))
    close(student.predicted(getattr(student, name)(), x), expected)


def test_the_gradient_of_overlapping_windows_adds_up(student, rng, close):
    x = rng.permutation(np.linspace(-1, 1, 2 * 5 * 6)).reshape(1, 5, 6, 2)
    upstream = rng.normal(size=(1, 4, 4, 2))
    layer = student.MaxPooling2D((2, 3), strides=1, dtype="float64")
    (gradient,), _ = student.gradients(layer, x, upstream=upstream)
    expected = np.zeros_like(x)
    for _, i, j, c in np.ndindex(upstream.shape):
        window = x[0, i : i + 2, j : j + 3, c]
        expected[0, i : i + 2, j : j + 3, c] += upstream[0, i, j, c] * (
            window == window.max()
        )
    close(gradient, expected, "the gradient", category="wrong_gradient")


@pytest.mark.parametrize("name", KINDS)
def test_promises_the_shape_it_delivers_and_has_no_weights(
    student, rng, close, equal, name
):
    x = rng.normal(size=(2, 9, 8, 3)).astype("float32")
    layer = getattr(student, name)((3, 2), (2, 3), "same")
    close(layer(x), pooled(x, KINDS[name], (3, 2), (2, 3), "same"))
    promised = student.symbolic_shape(layer, (None, None, 8, 3))
    equal(promised, (None, None, 3, 3), "the promised shape")
    equal(len(layer.get_weights()), 0, "the number of weights")
