"""Public checks of LayerNormalization. The oracle is equation 4 in NumPy and float64:
Keras's own layer fails on PyTorch when the axis is not the last.
"""

import numpy as np
import pytest

SHAPES = pytest.mark.parametrize(
    "shape", [(5, 3), (4, 6, 3), (2, 4, 5, 3)], ids=["vectors", "time steps", "images"]
)
EPSILON = 0.1  # large, so that it matters where it stands


def filled(student, rng, shape, **kwargs):
    """The student's layer with random weights, those in float64, and an input.

    The examples lie at different places and are spread differently.
    """
    one_each = (shape[0], *[1] * (len(shape) - 1))
    spread, place = rng.uniform(0.3, 2, size=one_each), rng.normal(size=one_each)
    inputs = (spread * rng.normal(size=shape) + place).astype("float32")
    layer = student.LayerNormalization(**{"epsilon": EPSILON, **kwargs})
    layer.build((None, *shape[1:]))
    values = [
        rng.uniform(0.5, 2, np.shape(weight)).astype("float32")
        for weight in layer.get_weights()
    ]
    layer.set_weights(values)
    return layer, [value.astype("float64") for value in values], inputs


def normalized(x, gamma=1.0, beta=0.0, axis=-1):
    """Equation 4; gamma and beta broadcast against x as they are."""
    x = x.astype("float64")
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "axis, shape",
    [(-1, (3,)), ([1, 2, 3], (4, 5, 3)), (1, (4,))],
    ids=["last axis", "all of an image", "rows"],
)
def test_has_a_gamma_and_a_beta_for_each_place(student, equal, axis, shape):
    layer = student.LayerNormalization(axis=axis)
    layer.build((None, 4, 5, 3))
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, [shape] * 2, "the list of weight shapes")
    equal(len(layer.trainable_weights), 2, "the number of trainable weights")


def test_starts_with_the_initializers_it_is_given(student, close):
    two = {"class_name": "Constant", "config": {"value": 2.0}}
    layer = student.LayerNormalization(gamma_initializer=two, beta_initializer="ones")
    layer.build((None, 3))
    expected = np.repeat([[2], [1]], 3, axis=1).astype("float32")
    close(layer.get_weights(), expected, "gamma and beta at the start",
          category="wrong_state")  # fmt: skip
    layer = student.LayerNormalization()
    layer.build((None, 3))
    expected = np.repeat([[1], [0]], 3, axis=1).astype("float32")
    close(layer.get_weights(), expected, "gamma and beta at the start by default",
          category="wrong_state")  # fmt: skip


@pytest.mark.points(2)
@SHAPES
def test_normalizes_each_vector_over_the_last_axis(student, rng, close, equal, shape):
    layer, weights, inputs = filled(student, rng, shape)
    equal(len(weights), 2, "the number of weights")
    close(layer(inputs), normalized(inputs, *weights))


@pytest.mark.points(2)
@pytest.mark.parametrize("axis", [[1, 2, 3], (-2, -1)], ids=str)
def test_normalizes_over_several_axes_together(student, rng, close, equal, axis):
    layer, weights, inputs = filled(student, rng, (2, 4, 5, 3), axis=axis)
    equal(len(weights), 2, "the number of weights")
    close(layer(inputs), normalized(inputs, *weights, axis=tuple(axis)))


@pytest.mark.points(2)
def test_normalizes_over_an_axis_that_is_not_the_last(student, rng, close, equal):
    layer, weights, inputs = filled(student, rng, (3, 4, 5), axis=1)
    equal([w.shape for w in weights], [(4,)] * 2, "the list of weight shapes")
    gamma, beta = (np.reshape(weight, (4, 1)) for weight in weights)
    close(layer(inputs), normalized(inputs, gamma, beta, axis=1))


@pytest.mark.points(2)
def test_an_example_does_not_depend_on_its_neighbours(student, rng, close, equal):
    layer, weights, inputs = filled(student, rng, (4, 3))
    equal(len(weights), 2, "the number of weights")
    for call in ({}, {"training": True}):
        close(layer(inputs[1:2], **call), normalized(inputs, *weights)[1:2])


@pytest.mark.parametrize("absent", ["center", "scale"])
def test_leaves_out_beta_and_gamma_when_told_so(student, rng, close, equal, absent):
    layer, weights, inputs = filled(student, rng, (5, 3), **{absent: False})
    equal(len(weights), 1, "the number of weights")
    given = {"gamma" if absent == "center" else "beta": weights[0]}
    close(layer(inputs), normalized(inputs, **given))


def test_a_constant_example_becomes_beta(student, rng, close, equal):
    layer, weights, inputs = filled(student, rng, (3, 4), epsilon=1e-3)
    equal(len(weights), 2, "the number of weights")
    same = np.repeat(inputs[:, :1], 4, axis=1)
    close(layer(same), np.repeat(weights[1][None], 3, axis=0))


@pytest.mark.points(2)
def test_gradients_flow_through_mean_and_variance(student, rng, close, equal):
    layer, weights, inputs = filled(student, rng, (3, 4))
    equal(len(weights), 2, "the number of weights")
    upstream = rng.normal(size=inputs.shape)
    below, found = student.gradients(layer, inputs, upstream=upstream)
    at = [inputs.astype("float64"), *weights]
    names = ["the input's gradient", "gamma's gradient", "beta's gradient"]
    equal(len(found), 2, "the number of trainable weights")
    for number, gradient in enumerate(below + found):
        expected = slopes(lambda *at: np.sum(upstream * normalized(*at)), at, number)
        close(gradient, expected, names[number], category="wrong_gradient")


def slopes(function, at, number, step=1e-5):
    """By central differences: of `function` for each element of its argument `number`."""
    result = np.zeros_like(at[number])
    for place in np.ndindex(result.shape):
        nudge = np.zeros_like(result)
        nudge[place] = step
        up, down = ([*at[:number], at[number] + s * nudge, *at[number + 1 :]]
                    for s in (1, -1))  # fmt: skip
        result[place] = (function(*up) - function(*down)) / (2 * step)
    return result


def test_survives_a_save_and_load(student, rng, close, equal):
    layer, weights, inputs = filled(student, rng, (2, 4, 3), axis=[1, 2])
    equal(len(weights), 2, "the number of weights")
    loaded = student.saved_and_loaded(layer, inputs)
    expected = normalized(inputs, *weights, axis=(1, 2))
    close(loaded(inputs), expected, "the loaded layer's output")
