"""The data sets: their shape, their split, their errors."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn import datasets

from course.data import EMBEDDED, load, names

HELD_OUT = ["digits", "iris", "swiss_roll"]  # XOR has only its four points.


def rows(examples):
    """The examples as a set of tuples."""
    return set(map(tuple, examples.reshape(len(examples), -1).tolist()))


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_data_set_has_the_documented_shape(name):
    data = load(name)
    for x, y in [(data.x_train, data.y_train), (data.x_test, data.y_test)]:
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        assert y.shape == x.shape[:1]
        assert x.shape[1:] == data.x_train.shape[1:]
        assert x.ndim in (2, 4)
        assert np.isfinite(x).all()
        assert set(y) == set(range(len(data.class_names)))
    assert all(type(name) is str for name in data.class_names)


@pytest.mark.parametrize("name", HELD_OUT)
def test_no_test_example_is_in_the_training_set(name):
    data = load(name)
    assert not rows(data.x_train) & rows(data.x_test)


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_same_call_returns_the_same_arrays(name):
    for first, second in zip(load(name)[:4], load(name)[:4], strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", EMBEDDED)
def test_writing_into_one_array_changes_no_other(name):
    kept = load(name)
    changed = load(name)
    for i in range(4):
        changed[i][...] = -1
        for j in range(i + 1, 4):
            np.testing.assert_array_equal(changed[j], kept[j])
    np.testing.assert_array_equal(load(name).x_train, kept.x_train)


@pytest.mark.parametrize("name", HELD_OUT)
def test_classes_have_the_same_share_of_both_sets(name):
    data = load(name)
    train = np.bincount(data.y_train) / len(data.y_train)
    test = np.bincount(data.y_test) / len(data.y_test)
    np.testing.assert_allclose(train, test, atol=1 / len(data.y_test))


@pytest.mark.parametrize("name", ["digits", "iris"])
def test_a_fifth_to_a_quarter_is_held_out(name):
    data = load(name)
    share = len(data.y_test) / (len(data.y_test) + len(data.y_train))
    assert 0.2 <= share <= 0.25


def test_iris_is_standardized_with_the_training_sets_statistics():
    data = load("iris")
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-6)


def test_iris_is_the_published_table_moved_and_scaled_alike_in_both_sets():
    table = datasets.load_iris()
    data = load("iris")
    x = np.concatenate([data.x_train, data.x_test])
    y = np.concatenate([data.y_train, data.y_test])
    scale = np.ptp(table.data, axis=0) / np.ptp(x, axis=0)
    centimetres = (x - x.min(axis=0)) * scale + table.data.min(axis=0)
    published = np.c_[table.data, table.target]
    assert rows(np.c_[centimetres.round(1), y]) == rows(published)
    assert data.class_names == tuple(table.target_names)


def test_iris_leaves_out_only_the_repeated_flower():
    table = datasets.load_iris().data
    data = load("iris")
    assert len(rows(table)) == len(table) - 1
    assert len(data.x_train) + len(data.x_test) == len(table) - 1


def test_digits_are_the_published_images_between_zero_and_one():
    table = datasets.load_digits()
    data = load("digits")
    assert data.x_train.shape[1:] == (8, 8, 1)
    published = {
        tuple(x): y for x, y in zip(table.data / 16, table.target, strict=True)
    }
    for x, y in [(data.x_train, data.y_train), (data.x_test, data.y_test)]:
        assert x.min() == 0
        assert x.max() == 1
        for image, label in zip(x, y, strict=True):
            assert published[tuple(image.ravel().tolist())] == label


@pytest.mark.parametrize("size", [28, 32])
def test_larger_digits_are_the_small_ones_pixel_by_pixel_with_an_empty_border(size):
    small, large = load("digits"), load("digits", size=size)
    border = (size - 24) // 2
    middle = large.x_test[:, border:-border, border:-border]
    for row in range(3):
        for column in range(3):
            np.testing.assert_array_equal(middle[:, row::3, column::3], small.x_test)
    assert large.x_test.shape[1:] == (size, size, 1)
    assert np.isclose(large.x_test.sum(), middle.sum())
    np.testing.assert_array_equal(large.y_train, small.y_train)


def test_xor_is_the_truth_table():
    data = load("xor")
    for x, y in [(data.x_train, data.y_train), (data.x_test, data.y_test)]:
        np.testing.assert_array_equal(x, [(0, 0), (0, 1), (1, 0), (1, 1)])
        np.testing.assert_array_equal(y, [a != b for a, b in x.astype(bool)])


def test_xor_clouds_lie_around_the_corners_and_are_drawn_anew_for_the_test_set():
    data = load("xor", samples=402, noise=0.1)
    assert len(data.x_train) == len(data.x_test) == 402
    assert not rows(data.x_train) & rows(data.x_test)
    corners = data.x_train.round()
    np.testing.assert_array_equal(corners[:, 0] != corners[:, 1], data.y_train)
    assert 0.08 < (data.x_train - corners).std() < 0.12


def test_swiss_roll_points_lie_on_their_spiral_where_there_is_no_noise():
    data = load("swiss_roll", samples=51, noise=0)
    radius = np.hypot(*data.x_train.T)
    angle = 2 * np.pi * 1.5 * radius + np.pi * data.y_train
    on_the_spiral = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    np.testing.assert_allclose(data.x_train, on_the_spiral, atol=1e-5)
    assert 0.15 <= radius.min() < radius.max() <= 1


def test_no_straight_line_separates_the_swiss_roll_and_its_neighbours_do():
    data = load("swiss_roll")
    targets = 2.0 * data.y_train - 1
    line, *_ = np.linalg.lstsq(np.c_[data.x_train, np.ones(len(targets))], targets)
    guesses = np.c_[data.x_test, np.ones(len(data.x_test))] @ line > 0
    assert (guesses == data.y_test).mean() < 0.75
    distances = np.linalg.norm(data.x_test[:, None] - data.x_train, axis=-1)
    nearest = data.y_train[distances.argmin(axis=1)]
    assert (nearest == data.y_test).mean() >= 0.98


@pytest.mark.parametrize("name", ["swiss_roll", "xor"])
def test_an_odd_number_of_samples_is_dealt_to_the_classes_in_turn(name):
    data = load(name, samples=51, noise=0.1)
    for y in (data.y_train, data.y_test):
        assert len(y) == 51
        assert abs(np.subtract(*np.bincount(y))) <= 1


@pytest.mark.parametrize("name", ["swiss_roll", "xor"])
def test_another_seed_draws_other_points(name):
    first, second = (load(name, samples=8, noise=0.1, seed=seed) for seed in (0, 1))
    assert not rows(first.x_train) & rows(second.x_train)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("irsi", "iris"), ("DIGITS", "digits"), ("swissroll", "swiss_roll")],
)
def test_an_unknown_name_raises_with_the_nearest_one_and_the_list(name, nearest):
    with pytest.raises(ValueError, match=f"Did you mean {nearest}") as error:
        load(name)
    assert repr(name) in str(error.value)
    assert all(known in str(error.value) for known in names())


def test_a_name_like_no_other_raises_without_a_guess():
    with pytest.raises(ValueError, match=r"called 'qqqq'\. These are here"):
        load("qqqq")


@pytest.mark.parametrize(
    ("name", "options", "number"),
    [
        ("digits", {"size": 30}, "size=30"),
        ("xor", {"samples": 3}, "samples=3"),
        ("xor", {"noise": -0.5}, "-0.5"),
        ("swiss_roll", {"samples": 1}, "samples=1"),
        ("swiss_roll", {"noise": float("nan")}, "nan"),
    ],
)
def test_an_option_out_of_range_raises_with_the_number(name, options, number):
    with pytest.raises(ValueError, match=number):
        load(name, **options)


def test_an_option_the_loader_lacks_raises_with_the_loaders_name():
    with pytest.raises(TypeError, match=r"load_iris.*size"):
        load("iris", size=28)


def test_importing_the_package_imports_no_heavy_one():
    code = (
        "import sys, course.data;"
        "print({'keras', 'sklearn', 'matplotlib'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "set()", out.stderr
