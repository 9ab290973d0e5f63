"""Public checks of pooling. The oracle takes one window after another, in NumPy."""

import numpy as np
import pytest

KINDS = {"MaxPooling2D": np.max, "AveragePooling2D": np.mean}
GLOBAL_KINDS = {"GlobalMaxPooling2D": np.max, "GlobalAveragePooling2D": np.mean}


def distinct(rng, *shape, dtype="float32"):
    """Random values around zero, no two of them equal: every maximum is one pixel."""
    values = np.linspace(-1, 1, int(np.prod(shape)) + 1)[:-1]
    return rng.permutation(values).reshape(shape).astype(dtype)


def starts(size, window, stride, padding):
    """Where the windows of one axis begin; `same` lets the first begin before 0."""
    if padding == "valid":
        return range(0, size - window + 1, stride)
    places = -(-size // stride)
    lacking = max((places - 1) * stride + window - size, 0)
    return [i * stride - lacking // 2 for i in range(places)]


def windows(x, pool_size, strides, padding):
    """Each place and the real pixels of its window, as slices."""
    axes = [
        [slice(max(begin, 0), begin + window) for begin in starts(*axis, padding)]
        for *axis, window in zip(
            x.shape[1:3], pool_size, strides, pool_size, strict=True
        )
    ]
    for i, rows in enumerate(axes[0]):
        for j, columns in enumerate(axes[1]):
            yield (i, j), (slice(None), rows, columns)


def pooled(x, reduce, pool_size, strides, padding):
    """The oracle: `reduce` over the real pixels of each window."""
    found = {
        place: reduce(x[window], axis=(1, 2))
        for place, window in windows(x, pool_size, strides, padding)
    }
    height, width = (last + 1 for last in max(found))
    rows = [np.stack([found[i, j] for j in range(width)], 1) for i in range(height)]
    return np.stack(rows, 1)


def channels_first(images):
    """(B, H, W, C) → (B, C, H, W)."""
    return np.ascontiguousarray(np.moveaxis(images, -1, 1))


@pytest.mark.points(2)
@pytest.mark.parametrize("name", KINDS)
def test_windows_lie_edge_to_edge_by_default(student, rng, close, name):
    x = distinct(rng, 2, 7, 9, 3)
    close(getattr(student, name)(2)(x), pooled(x, KINDS[name], (2, 2), (2, 2), "valid"))


@pytest.mark.parametrize("name", KINDS)
def test_windows_and_strides_may_be_oblong(student, rng, close, name):
    x = distinct(rng, 2, 9, 10, 2)
    layer = getattr(student, name)((3, 2), strides=(1, 3))
    close(layer(x), pooled(x, KINDS[name], (3, 2), (1, 3), "valid"))


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "strides", [(1, 1), (2, 3)], ids=["stride 1", "strides 2 and 3"]
)
@pytest.mark.parametrize("name", KINDS)
def test_same_padding_pools_real_pixels_only(student, rng, close, name, strides):
    x = distinct(rng, 2, 6, 8, 2) - 2  # below zero, as a layer without ReLU may give
    layer = getattr(student, name)((3, 2), strides=strides, padding="same")
    close(layer(x), pooled(x, KINDS[name], (3, 2), strides, "same"))


@pytest.mark.parametrize("keepdims", [False, True], ids=["flat", "keepdims"])
@pytest.mark.parametrize("name", GLOBAL_KINDS)
def test_global_pooling_leaves_one_number_a_channel(
    student, rng, close, name, keepdims
):
    x = distinct(rng, 3, 5, 4, 2)
    expected = GLOBAL_KINDS[name](x, axis=(1, 2), keepdims=keepdims)
    close(getattr(student, name)(keepdims=keepdims)(x), expected)


def test_channels_may_come_first(student, rng, close):
    x = distinct(rng, 2, 6, 7, 3)
    for name, reduce in KINDS.items():
        layer = getattr(student, name)((3, 2), 2, data_format="channels_first")
        expected = pooled(x, reduce, (3, 2), (2, 2), "valid")
        close(layer(channels_first(x)), channels_first(expected), name)
    for name, reduce in GLOBAL_KINDS.items():
        layer = getattr(student, name)(data_format="channels_first", keepdims=True)
        expected = reduce(x, axis=(1, 2), keepdims=True)
        close(layer(channels_first(x)), channels_first(expected), name)


@pytest.mark.points(2)
def test_the_gradient_of_a_maximum_goes_to_the_winner(student, rng, close):
    x = distinct(rng, 2, 6, 7, 2) - 2
    upstream = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    layer = student.MaxPooling2D(3, strides=2, padding="same")
    (gradient,), _ = student.gradients(layer, x, upstream=upstream)
    expected = np.zeros_like(x)
    for (i, j), window in windows(x, (3, 3), (2, 2), "same"):
        winners = x[window] == x[window].max(axis=(1, 2), keepdims=True)
        expected[window] += winners * upstream[:, i : i + 1, j : j + 1]
    close(gradient, expected, "the gradient", category="wrong_gradient")


def test_the_gradient_of_a_mean_is_shared_by_its_pixels(student, rng, close):
    x = distinct(rng, 2, 6, 7, 2)
    upstream = rng.normal(size=(2, 3, 4, 2)).astype("float32")
    layer = student.AveragePooling2D(3, strides=2, padding="same")
    (gradient,), _ = student.gradients(layer, x, upstream=upstream)
    expected = np.zeros_like(x)
    for (i, j), window in windows(x, (3, 3), (2, 2), "same"):
        pixels = x[window][0, :, :, 0].size
        expected[window] += upstream[:, i : i + 1, j : j + 1] / pixels
    close(gradient, expected, "the gradient", category="wrong_gradient")


@pytest.mark.parametrize("name", [*KINDS, *GLOBAL_KINDS])
def test_survives_a_save_and_load(student, rng, close, name):
    x = distinct(rng, 2, 6, 5, 2)
    arguments = {"keepdims": True} if name in GLOBAL_KINDS else {"pool_size": (1, 3)}
    layer = getattr(student, name)(**arguments)
    if name in GLOBAL_KINDS:
        expected = GLOBAL_KINDS[name](x, axis=(1, 2), keepdims=True)
    else:
        expected = pooled(x, KINDS[name], (1, 3), (1, 3), "valid")
    close(student.saved_and_loaded(layer, x)(x), expected, "the loaded layer's output")
