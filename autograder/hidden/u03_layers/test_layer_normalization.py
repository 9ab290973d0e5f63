"""Hidden checks of LayerNormalization: defaults, graphs, precisions, odd axes."""

import keras
import numpy as np
import pytest


def filled(student, rng, shape, **kwargs):
    """The student's layer with random weights, and those weights in float64."""
    layer = student.LayerNormalization(**kwargs)
    layer.build(shape)
    values = [
        rng.uniform(0.5, 2, np.shape(weight)).astype("float32")
        for weight in layer.get_weights()
    ]
    layer.set_weights(values)
    return layer, [value.astype("float64") for value in values]


def normalized(x, gamma, beta, axis=-1, epsilon=1e-3):
    """Equation 4 in float64; gamma and beta broadcast against x as they are."""
    x = x.astype("float64")
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@pytest.mark.points(2)
def test_has_the_defaults_of_keras(student, rng, close):
    x = 0.05 * rng.normal(size=(6, 3)).astype("float32")
    layer, weights = filled(student, rng, (None, 3))
    oracle = keras.layers.LayerNormalization()
    oracle.build((None, 3))
    oracle.set_weights(weights)
    close(layer(x), oracle(x))


@pytest.mark.parametrize(
    "shape",
    [(1, 5), (4, 1), (1, 1, 6)],
    ids=["one example", "one feature", "one time step"],
)
def test_sizes_of_one(student, rng, close, shape):
    x = rng.normal(size=shape).astype("float32")
    layer, weights = filled(student, rng, shape)
    close(layer(x), normalized(x, *weights))


@pytest.mark.points(2)
@pytest.mark.parametrize("axis", [-2, [3, 2], (1, 3)], ids=str)
def test_axes_in_any_order_and_with_gaps(student, rng, close, equal, axis):
    x = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    layer, weights = filled(student, rng, x.shape, axis=axis)
    axes = sorted(np.atleast_1d(axis) % 4)
    shapes = [weight.shape for weight in weights]
    equal(shapes, [tuple(x.shape[a] for a in axes)] * 2, "the list of weight shapes")
    view = [size if number in axes else 1 for number, size in enumerate(x.shape)]
    gamma, beta = (np.reshape(weight, view) for weight in weights)
    close(layer(x), normalized(x, gamma, beta, tuple(axes)))


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_sizes(student, rng, close):
    x = rng.normal(size=(3, 4, 5)).astype("float32")
    layer, weights = filled(student, rng, (None, None, 5))
    close(student.predicted(layer, x), normalized(x, *weights))
    promised = student.symbolic_shape(layer, (None, None, 5))
    close(len(promised), 3, "the rank of the promised shape")


@pytest.mark.points(2)
def test_is_computed_in_float32_in_mixed_precision(student, rng, close, equal):
    x = (300 * rng.normal(size=(3, 40)) + 500).astype("float16")
    layer, weights = filled(student, rng, x.shape, dtype="mixed_float16")
    close(layer(x), normalized(x, *weights).astype("float16"))
    kinds = [str(weight.dtype) for weight in layer.get_weights()]
    equal(kinds, ["float32"] * 2, "the dtypes of the weights")


def test_rms_scaling_neither_centers_nor_shifts(student, rng, close, equal):
    x = (rng.normal(size=(4, 5)) + 2).astype("float32")
    variance = x.astype("float64").var(-1, keepdims=True)
    for settings in ({"epsilon": 0.1}, {"epsilon": 0.5, "scale": False}):
        layer, found = filled(student, rng, x.shape, rms_scaling=True, **settings)
        equal(len(found), 1, "the number of weights")
        close(layer(x), found[0] * x / np.sqrt(variance + settings["epsilon"]))


def test_takes_float64(student, rng, close):
    x = rng.normal(size=(4, 5))
    layer, weights = filled(student, rng, x.shape, dtype="float64")
    close(layer(x), normalized(x, *weights), tolerance=1e-5)


def test_is_trained_as_the_chain_rule_says(student, rng, close):
    x, y = (rng.normal(size=(4, 3)).astype("float32") for _ in range(2))
    layer, (gamma, beta) = filled(student, rng, (None, 3))
    student.trained(layer, x, y, learning_rate=0.5, optimizer="sgd", loss="mse")
    normal = normalized(x, 1, 0)
    error = 2 / y.size * (gamma * normal + beta - y)
    expected = [gamma - 0.5 * np.sum(error * normal, axis=0), beta - 0.5 * error.sum(0)]
    close(layer.get_weights(), expected, "gamma and beta after a step",
          category="wrong_state")  # fmt: skip


def test_penalizes_gamma_and_beta(student, rng, close):
    settings = {"gamma_regularizer": "l2", "beta_regularizer": "l1"}
    layer, (gamma, beta) = filled(student, rng, (4, 3), **settings)
    expected = 0.01 * np.array([np.sum(gamma**2), np.sum(np.abs(beta))])
    close(np.sort(layer.losses), np.sort(expected), "the penalties")


def test_refuses_what_it_cannot_do(student, rng, close, raises):
    x = rng.normal(size=(4, 3)).astype("float32")
    layer, weights = filled(student, rng, (4, 3))
    close(layer(x), normalized(x, *weights))
    raises(TypeError, student.LayerNormalization, axis="last")
    raises(ValueError, student.LayerNormalization(axis=2).build, (None, 3))
    raises(ValueError, student.LayerNormalization().build, (4, None))
