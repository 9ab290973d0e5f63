"""Hidden checks of the activations: places in the argument list, infinities, graphs."""

import keras
import numpy as np
import pytest

NAMES = ["relu", "leaky_relu", "gelu", "silu", "softmax", "log_softmax"]
EACH = pytest.mark.parametrize("name", NAMES)


def test_relu_takes_its_arguments_in_the_order_of_keras(student, rng, close):
    x = 2 * rng.normal(size=(3, 7)).astype("float32")
    close(student.relu(x, 0.3, 1.5, 0.7), keras.activations.relu(x, 0.3, 1.5, 0.7))


def test_relu_at_its_threshold_belongs_to_the_lower_part(student, close):
    x = np.array([-1, 0.5, 0.75, 1, 2, 3], "float32")
    expected = np.where(x > 0.75, np.minimum(x, 2), 0.5 * (x - 0.75))
    close(student.relu(x, 0.5, 2.0, 0.75), expected.astype("float32"))


def test_relu_is_zero_at_minus_infinity(student, close):
    x = np.array([-np.inf, -1, 2, np.inf], "float32")
    close(student.relu(x), np.maximum(x, 0))
    close(student.relu(x, max_value=1.5), np.clip(x, 0, 1.5), "the cut result")


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_nan_passes_through_every_part_of_relu(student, close, threshold):
    x = np.array([np.nan, -1, 1, 3], "float32")
    low, high = threshold, 2.0
    expected = np.where(x > low, np.minimum(x, high), 0.25 * (x - low))
    close(student.relu(x, 0.25, high, low), expected.astype("float32"))


@pytest.mark.parametrize("slope", [0.0, -0.5, 1.0])
def test_leaky_relu_takes_any_slope(student, rng, close, slope):
    x = rng.normal(size=(4, 3)).astype("float32")
    close(student.leaky_relu(x, slope), np.where(x > 0, x, np.float32(slope) * x))


def test_gelu_in_its_two_forms_is_not_the_same(student, close):
    x = np.linspace(-4, 4, 33, dtype="float32")
    close(student.gelu(x), keras.activations.gelu(x, False), tolerance=1e-5)
    close(student.gelu(x, True), keras.activations.gelu(x, True), tolerance=1e-5)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape, axis", [((4,), -1), ((2, 3, 4, 5), 2)], ids=str)
def test_softmaxes_of_any_rank(student, rng, close, name, shape, axis):
    x = rng.normal(size=shape).astype("float32")
    close(getattr(student, name)(x, axis), getattr(keras.activations, name)(x, axis))


def test_a_single_score_is_certain(student, rng, close):
    x = rng.normal(size=(1, 3)).astype("float32")
    close(student.softmax(x, axis=0), np.ones((1, 3), "float32"))
    close(student.log_softmax(x, axis=0), np.zeros((1, 3), "float32"), "the logarithms")


def test_a_score_of_minus_infinity_gets_no_probability(student, close):
    x = np.array([[1, -np.inf, 2], [-np.inf, -np.inf, -5]], "float32")
    weights = np.exp(x - np.max(x, axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    close(student.softmax(x), probabilities)
    with np.errstate(divide="ignore"):
        close(student.log_softmax(x), np.log(probabilities), "the logarithms")


@EACH
def test_half_precision_stays_half_and_finite(student, rng, close, name):
    x = np.array([[1000, 3, -1], [-1000, 0.5, -2]], "float16")
    expected = getattr(keras.activations, name)(x.astype("float32"))
    close(getattr(student, name)(x), np.asarray(keras.ops.convert_to_numpy(expected),
          "float16"))  # fmt: skip


@EACH
def test_takes_float64(student, rng, close, name):
    x = rng.normal(size=(3, 4))
    expected = keras.ops.convert_to_numpy(getattr(keras.activations, name)(x))
    close(getattr(student, name)(x), expected.astype("float64"), tolerance=1e-5)


@pytest.mark.parametrize("name", ["relu", "log_softmax", "softmax"])
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, name):
    x = rng.normal(size=(3, 4, 5)).astype("float32")
    function = getattr(student, name)
    close(student.predicted(function, x), getattr(keras.activations, name)(x))
