"""The puzzles of u00 against NumPy, on random shapes and numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from solutions.u00_tensors import puzzles

SIZES = st.integers(1, 5)


def floats(rng, *shape, dtype="float32"):
    return (10 * rng.normal(size=shape)).astype(dtype)


def one_hot(rng, m, n, k):
    labels = rng.integers(k, size=(m, n))
    return (labels, k), np.eye(k, dtype="float32")[labels]


def standardize(rng, m, n, k):
    x = floats(rng, m, n)
    wide = x.astype("float64")
    return (x,), ((wide - wide.mean(0)) / np.sqrt(wide.var(0) + 1e-6))


def pairwise_squared_distances(rng, m, n, k):
    a, b = floats(rng, m, k), floats(rng, n, k)
    apart = a.astype("float64")[:, None] - b
    return (a, b), np.linalg.norm(apart, axis=-1) ** 2


def batched_outer(rng, m, n, k):
    a, b = floats(rng, m, n), floats(rng, m, k)
    return (a, b), np.array([np.outer(*rows) for rows in zip(a, b, strict=True)])


def gather_rows(rng, m, n, k):
    table, indices = floats(rng, m, k), rng.integers(m, size=(n, 2))
    return (table, indices), table[indices]


def stable_softmax(rng, m, n, k):
    x = 100 * floats(rng, m, n, k)
    weights = np.exp(x.astype("float64") - x.max(-1, keepdims=True))
    return (x,), weights / weights.sum(-1, keepdims=True)


CASES = [
    one_hot,
    standardize,
    pairwise_squared_distances,
    batched_outer,
    gather_rows,
    stable_softmax,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), m=SIZES, n=SIZES, k=SIZES)
def test_puzzles_agree_with_numpy(case, seed, m, n, k):
    arguments, expected = case(np.random.default_rng(seed), m, n, k)
    tensors = [ops.convert_to_tensor(a) if np.ndim(a) else a for a in arguments]
    found = ops.convert_to_numpy(getattr(puzzles, case.__name__)(*tensors))
    assert found.shape == expected.shape and found.dtype == np.float32
    room = 1e-4 * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=room)
