"""Public checks of BatchNormalization. The oracles are Keras's layer on the backend in
use, and NumPy in float64 for gradients.
"""

import keras
import numpy as np
import pytest

SHAPES = pytest.mark.parametrize(
    "shape", [(5, 3), (4, 6, 3), (2, 4, 5, 3)], ids=["vectors", "time steps", "images"]
)


def both(student, rng, shape, **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input.

    The features lie at different places and are spread differently; epsilon is large, so
    that it matters where it stands.
    """
    kwargs = {"epsilon": 0.1, "momentum": 0.8, **kwargs}
    axis = kwargs.get("axis", -1)
    along = [1] * len(shape)
    along[axis] = shape[axis]
    spread, place = rng.uniform(0.3, 2, size=along), rng.normal(size=along)
    inputs = (spread * rng.normal(size=shape) + place).astype("float32")
    oracle = keras.layers.BatchNormalization(**kwargs)
    oracle.build(shape)
    values = [rng.uniform(0.5, 2, w.shape).astype("float32") for w in oracle.weights]
    oracle.set_weights(values)
    layer = student.BatchNormalization(**kwargs)
    layer.build(shape)
    layer.set_weights(values)
    return layer, oracle, inputs


def same_statistics(layer, oracle, close):
    """The last two weights, moving mean and moving variance, are those of Keras."""
    found, expected = layer.get_weights()[-2:], oracle.get_weights()[-2:]
    names = ("the moving mean", "the moving variance")
    for actual, wanted, name in zip(found, expected, names, strict=True):
        close(actual, wanted, name, category="wrong_state")


@pytest.mark.points(2)
def test_has_two_trainable_weights_and_two_moving_statistics(student, equal):
    layer = student.BatchNormalization()
    layer.build((None, 4, 5, 3))
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, [(3,)] * 4, "the list of weight shapes")
    trainable = [len(layer.trainable_weights), len(layer.non_trainable_weights)]
    equal(trainable, [2, 2], "the numbers of trainable and of other weights")


@pytest.mark.points(2)
@SHAPES
def test_uses_the_moving_statistics_at_inference(student, rng, close, shape):
    layer, oracle, inputs = both(student, rng, shape)
    close(layer(inputs), oracle(inputs))


@pytest.mark.points(2)
@SHAPES
def test_uses_the_statistics_of_the_batch_in_training(student, rng, close, shape):
    layer, oracle, inputs = both(student, rng, shape)
    close(layer(inputs, training=True), oracle(inputs, training=True))


@pytest.mark.points(2)
@SHAPES
def test_training_moves_the_moving_statistics(student, rng, close, shape):
    layer, oracle, inputs = both(student, rng, shape)
    layer(inputs, training=True)
    oracle(inputs, training=True)
    same_statistics(layer, oracle, close)


def test_inference_leaves_the_moving_statistics_alone(student, rng, close):
    layer, oracle, inputs = both(student, rng, (5, 3))
    layer(inputs, training=False)
    same_statistics(layer, oracle, close)


@pytest.mark.points(2)
def test_a_frozen_layer_behaves_as_at_inference(student, rng, close):
    layer, oracle, inputs = both(student, rng, (5, 3))
    layer.trainable = False
    close(layer(inputs, training=True), oracle(inputs, training=False))
    same_statistics(layer, oracle, close)


def test_normalizes_along_the_axis_it_is_told(student, rng, close):
    layer, oracle, inputs = both(student, rng, (4, 3, 5), axis=1)
    close(layer(inputs, training=True), oracle(inputs, training=True))
    close(layer(inputs), oracle(inputs), "the result at inference")


@pytest.mark.parametrize("absent", ["center", "scale"])
def test_leaves_out_beta_and_gamma_when_told_so(student, rng, close, equal, absent):
    layer = student.BatchNormalization(**{absent: False})
    layer.build((None, 3))
    equal(len(layer.get_weights()), 3, "the number of weights")
    layer, oracle, inputs = both(student, rng, (5, 3), **{absent: False})
    close(layer(inputs), oracle(inputs))


@pytest.mark.points(2)
def test_gradients_flow_through_mean_and_variance(student, rng, close, equal):
    layer, _, inputs = both(student, rng, (4, 3))
    gamma, beta = (w.astype("float64") for w in layer.get_weights()[:2])
    upstream = rng.normal(size=inputs.shape)

    def total(x, gamma, beta):
        centered = x - x.mean(axis=0)
        normal = centered / np.sqrt((centered**2).mean(axis=0) + 0.1)
        return np.sum(upstream * (gamma * normal + beta))

    below, found = student.gradients(layer, inputs, upstream=upstream, training=True)
    at = [inputs.astype("float64"), gamma, beta]
    names = ["the input's gradient", "gamma's gradient", "beta's gradient"]
    equal(len(found), 2, "the number of trainable weights")
    for number, gradient in enumerate(below + found):
        close(gradient, slopes(total, at, number), names[number],
              category="wrong_gradient")  # fmt: skip


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


def test_survives_a_save_and_load(student, rng, close):
    layer, oracle, inputs = both(student, rng, (2, 4, 5, 3))
    loaded = student.saved_and_loaded(layer, inputs)
    close(loaded(inputs), oracle(inputs), "the loaded layer's output")
    same_statistics(loaded, oracle, close)
