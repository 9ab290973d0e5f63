"""Hidden checks of LocalResponseNormalization: sizes, extremes, graphs, precisions."""

import numpy as np
import pytest

CONSTANTS = {"alpha": 0.3, "beta": 0.6, "k": 1.5}


def normalized(a, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Section 3.3, one channel after another, in float64."""
    a, channels = a.astype("float64"), a.shape[-1]
    b = np.empty_like(a)
    for i in range(channels):
        first, last = max(0, i - size // 2), min(channels - 1, i + (size - 1) // 2)
        total = sum(a[..., j] ** 2 for j in range(first, last + 1))
        b[..., i] = a[..., i] / (k + alpha * total) ** beta
    return b


def gradient_of(a, upstream, size, alpha, beta, k):
    """By the quotient rule: of Σ upstream · normalized(a), in float64."""
    a, upstream = a.astype("float64"), upstream.astype("float64")
    result, channels = np.zeros_like(a), a.shape[-1]
    for i in range(channels):
        near = slice(max(0, i - size // 2), i + (size - 1) // 2 + 1)
        base = k + alpha * np.sum(a[..., near] ** 2, axis=-1)
        result[..., i] += upstream[..., i] / base**beta
        pull = upstream[..., i] * a[..., i] * beta / base ** (beta + 1)
        result[..., near] -= 2 * alpha * a[..., near] * pull[..., None]
    return result


@pytest.mark.parametrize(
    "shape, size",
    [((1, 1, 1, 1), 5), ((2, 3, 4, 3), 9), ((1, 2, 3, 5), 2), ((3, 2, 1, 2), 3)],
    ids=["one channel", "a window beyond all", "a window of two", "two channels"],
)
def test_odd_sizes(student, rng, close, shape, size):
    a = rng.normal(size=shape).astype("float32")
    layer = student.LocalResponseNormalization(size, **CONSTANTS)
    close(layer(a), normalized(a, size, **CONSTANTS))


@pytest.mark.parametrize("scale", [1e-6, 1e6], ids=["faint", "loud"])
def test_extreme_values(student, rng, close, scale):
    a = (scale * rng.normal(size=(2, 3, 2, 6))).astype("float32")
    a[0, 0] = 0
    close(student.LocalResponseNormalization()(a), normalized(a))


@pytest.mark.points(2)
@pytest.mark.parametrize("size", [4, 5, 12], ids="size {}".format)
def test_the_gradient_is_that_of_the_quotient_rule(student, rng, close, size):
    a, upstream = (rng.normal(size=(2, 3, 2, 7)).astype("float32") for _ in range(2))
    layer = student.LocalResponseNormalization(size, **CONSTANTS)
    below, _ = student.gradients(layer, a, upstream=upstream)
    expected = gradient_of(a, upstream, size, **CONSTANTS)
    what = "the input's gradient"
    close(dict(enumerate(below)).get(0), expected, what, category="wrong_gradient")


def test_the_gradient_is_finite_where_all_is_zero(student, rng, close):
    a = np.zeros((2, 2, 3, 4), "float32")
    upstream = rng.normal(size=a.shape).astype("float32")
    layer = student.LocalResponseNormalization(3, **CONSTANTS)
    below, _ = student.gradients(layer, a, upstream=upstream)
    expected = gradient_of(a, upstream, 3, **CONSTANTS)
    what = "the gradient at zero"
    close(dict(enumerate(below)).get(0), expected, what, category="wrong_gradient")


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    a = rng.normal(size=(3, 4, 5, 6)).astype("float32")
    layer = student.LocalResponseNormalization(4, **CONSTANTS)
    close(student.predicted(layer, a), normalized(a, 4, **CONSTANTS))


@pytest.mark.points(2)
def test_survives_a_save_and_load(student, rng, close, equal):
    a = rng.normal(size=(2, 3, 2, 6)).astype("float32")
    layer = student.LocalResponseNormalization(3, **CONSTANTS)
    loaded = student.saved_and_loaded(layer, a)
    close(loaded(a), normalized(a, 3, **CONSTANTS), "the loaded layer's output")
    constants = [loaded.size, loaded.alpha, loaded.beta, loaded.k]
    equal(constants, [3, 0.3, 0.6, 1.5], "the loaded layer's arguments")


def test_float64_is_computed_in_float64(student, rng, close):
    a = rng.normal(size=(2, 3, 2, 6))
    layer = student.LocalResponseNormalization(dtype="float64", **CONSTANTS)
    close(layer(a), normalized(a, 5, **CONSTANTS))


@pytest.mark.points(2)
def test_squares_beyond_float16_are_no_matter_in_mixed_precision(student, rng, close):
    a = (1000 * rng.normal(size=(2, 3, 4, 6))).astype("float16")
    layer = student.LocalResponseNormalization(dtype="mixed_float16")
    close(layer(a), normalized(a).astype("float16"))


def test_promises_the_shape_it_delivers(student, rng, close, equal):
    a = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    layer = student.LocalResponseNormalization(3, **CONSTANTS)
    close(layer(a), normalized(a, 3, **CONSTANTS))
    promised = student.symbolic_shape(layer, (None, None, 5, 4))
    equal(promised, (None, None, 5, 4), "the promised shape")


def test_training_changes_nothing(student, rng, close, equal):
    a = rng.normal(size=(2, 3, 2, 6)).astype("float32")
    layer = student.LocalResponseNormalization(3, **CONSTANTS)
    for _ in range(2):
        close(layer(a), normalized(a, 3, **CONSTANTS))
    equal(len(layer.get_weights()), 0, "the number of weights")


def test_refuses_what_it_cannot_do(student, rng, close, raises):
    a = rng.normal(size=(1, 2, 3, 4)).astype("float32")
    close(student.LocalResponseNormalization()(a), normalized(a))
    for wrong in ({"size": 0}, {"size": 2.5}, {"k": 0}, {"alpha": -1e-4}):
        raises(ValueError, student.LocalResponseNormalization, **wrong)
    raises(ValueError, student.LocalResponseNormalization().build, (None, 4, 4, None))
