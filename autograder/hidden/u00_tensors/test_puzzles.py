"""Hidden checks of the six puzzles: other ranks, single rows, extreme values."""

import math

import numpy as np


def test_one_hot_takes_labels_of_two_axes(student, rng, close):
    labels = rng.integers(0, 4, size=(2, 3)).astype("int32")
    expected = np.zeros((2, 3, 4), "float32")
    for i, j in np.ndindex(2, 3):
        expected[i, j, labels[i, j]] = 1
    close(student.one_hot(labels, 4), expected)


def test_standardize_keeps_a_constant_column_finite(student, rng, close):
    x = rng.normal(size=(4, 2)).astype("float32")
    x[:, 1] = 2.5
    expected = np.zeros((4, 2))
    mean = sum(map(float, x[:, 0])) / 4
    variance = sum((float(value) - mean) ** 2 for value in x[:, 0]) / 4
    for row in range(4):
        expected[row, 0] = (float(x[row, 0]) - mean) / math.sqrt(variance + 1e-6)
    close(student.standardize(x), expected)


def test_standardize_adds_epsilon_to_the_variance(student, rng, close):
    x = rng.normal(size=(6, 1)).astype("float32")
    mean = sum(map(float, x[:, 0])) / 6
    variance = sum((float(value) - mean) ** 2 for value in x[:, 0]) / 6
    expected = [
        [(float(value) - mean) / math.sqrt(variance + 0.5)] for value in x[:, 0]
    ]
    close(student.standardize(x, epsilon=0.5), expected)


def test_distances_of_single_points_in_one_dimension(student, rng, close):
    a = rng.normal(size=(1, 1)).astype("float32")
    b = rng.normal(size=(5, 1)).astype("float32")
    expected = [[(float(a[0, 0]) - float(q[0])) ** 2 for q in b]]
    close(student.pairwise_squared_distances(a, b), expected)


def test_distances_of_equal_numbers_of_points_are_not_mirrored(student, rng, close):
    a, b = rng.normal(size=(2, 3, 4)).astype("float32")
    expected = [[sum((p - q).astype("float64") ** 2) for q in b] for p in a]
    close(student.pairwise_squared_distances(a, b), expected, tolerance=1e-4)


def test_batched_outer_of_equally_long_rows_is_not_mirrored(student, rng, close):
    a, b = rng.normal(size=(2, 3, 3)).astype("float32")
    expected = np.stack([[[p * q for q in b[i]] for p in a[i]] for i in range(3)])
    close(student.batched_outer(a, b), expected)


def test_gather_rows_takes_indices_of_two_axes(student, rng, close):
    table = rng.normal(size=(4, 4)).astype("float32")
    indices = np.append(rng.integers(0, 4, size=5), 3).reshape(2, 3)
    expected = np.zeros((2, 3, 4), "float32")
    for i, j in np.ndindex(2, 3):
        expected[i, j] = table[indices[i, j]]
    close(student.gather_rows(table, indices), expected)


def test_stable_softmax_when_rows_are_far_apart(student, rng, close):
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    x[0] += 1000
    x[1] -= 1000
    expected = np.zeros(x.shape)
    for i, j in np.ndindex(2, 3):
        row = x[i, j].astype("float64")
        weights = [math.exp(score - max(row)) for score in row]
        expected[i, j] = [weight / sum(weights) for weight in weights]
    close(student.stable_softmax(x), expected)


def test_stable_softmax_when_one_score_wins(student, close):
    x = np.array([[1000, -1000, 0], [-1000, -1000, -1000]], "float32")
    expected = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
    close(student.stable_softmax(x), expected)
