"""Public checks of the six puzzles. The oracles are loops over single numbers."""

import math

import numpy as np


def test_one_hot_puts_a_single_one_in_each_row(student, rng, close):
    labels = np.append(rng.integers(0, 5, size=6), [4, 0])
    expected = np.zeros((8, 5), "float32")
    for row, label in enumerate(labels):
        expected[row, label] = 1
    close(student.one_hot(labels, 5), expected)


def test_standardize_gives_each_column_mean_0_and_variance_1(student, rng, close):
    x = (rng.normal(size=(5, 3)) * [1, 7, 0.5] + [3, -2, 0]).astype("float32")
    expected = np.zeros((5, 3))
    for column in range(3):
        values = [float(value) for value in x[:, column]]
        mean = sum(values) / 5
        variance = sum((value - mean) ** 2 for value in values) / 5
        for row in range(5):
            expected[row, column] = (values[row] - mean) / math.sqrt(variance + 1e-6)
    close(student.standardize(x), expected)


def test_pairwise_squared_distances_match_a_loop(student, rng, close):
    a = rng.normal(size=(4, 2)).astype("float32")
    b = rng.normal(size=(3, 2)).astype("float32")
    expected = np.zeros((4, 3))
    for i, p in enumerate(a.astype("float64")):
        for j, q in enumerate(b.astype("float64")):
            expected[i, j] = sum((p[k] - q[k]) ** 2 for k in range(2))
    close(student.pairwise_squared_distances(a, b), expected)


def test_batched_outer_matches_a_loop(student, rng, close):
    a = rng.normal(size=(2, 3)).astype("float32")
    b = rng.normal(size=(2, 4)).astype("float32")
    expected = np.zeros((2, 3, 4), "float32")
    for i in range(2):
        for m in range(3):
            for n in range(4):
                expected[i, m, n] = a[i, m] * b[i, n]
    close(student.batched_outer(a, b), expected)


def test_gather_rows_looks_up_each_index(student, rng, close):
    table = rng.normal(size=(5, 3)).astype("float32")
    indices = np.array([4, 0, 0, 2])
    expected = np.stack([table[index] for index in indices])
    close(student.gather_rows(table, indices), expected)


def softmax_by_loops(x):
    """Each row of a matrix in float64, one number at a time."""
    y = np.zeros(x.shape)
    for i, row in enumerate(x.astype("float64")):
        weights = [math.exp(score - max(row)) for score in row]
        y[i] = [weight / sum(weights) for weight in weights]
    return y


def test_stable_softmax_matches_a_loop(student, rng, close):
    x = rng.normal(size=(3, 4)).astype("float32")
    close(student.stable_softmax(x), softmax_by_loops(x))


def test_stable_softmax_survives_large_scores(student, rng, close):
    x = rng.normal(size=(3, 4)).astype("float32")
    x += np.array([[1000], [-1000], [0]], "float32")
    close(student.stable_softmax(x), softmax_by_loops(x))
