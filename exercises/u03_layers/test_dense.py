"""Public checks of Dense. The oracle is Keras's own layer on the backend in use."""

import keras
import numpy as np
import pytest


def both(student, rng, shape, *args, **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input."""
    inputs = rng.normal(size=shape).astype("float32")
    oracle = keras.layers.Dense(*args, **kwargs)
    oracle.build(shape)
    values = [rng.normal(size=w.shape).astype("float32") for w in oracle.weights]
    oracle.set_weights(values)
    layer = student.Dense(*args, **kwargs)
    layer.build(shape)
    layer.set_weights(values)
    return layer, oracle, inputs


@pytest.mark.points(2)
def test_weights_have_the_shapes_and_order_of_keras(student, equal):
    layer = student.Dense(4)
    layer.build((None, 5))
    shapes = [tuple(w.shape) for w in layer.get_weights()]
    equal(shapes, [(5, 4), (4,)], "the list of weight shapes")


@pytest.mark.points(2)
def test_matches_keras_for_a_batch_of_vectors(student, rng, close):
    layer, oracle, inputs = both(student, rng, (3, 5), 4)
    close(layer(inputs), oracle(inputs))


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "shape", [(2, 6, 5), (2, 3, 4, 5)], ids=["time steps", "pixels"]
)
def test_leaves_the_axes_in_front_of_the_last_alone(student, rng, close, shape):
    layer, oracle, inputs = both(student, rng, shape, 4)
    close(layer(inputs), oracle(inputs))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_applies_the_activation_after_the_bias(student, rng, close, activation):
    layer, oracle, inputs = both(student, rng, (3, 5), 4, activation=activation)
    close(layer(inputs), oracle(inputs))


def test_has_no_bias_when_told_so(student, rng, close, equal):
    layer = student.Dense(4, use_bias=False)
    layer.build((2, 5))
    equal(len(layer.get_weights()), 1, "the number of weights")
    layer, oracle, inputs = both(student, rng, (3, 5), 4, use_bias=False)
    close(layer(inputs), oracle(inputs))


def test_starts_with_the_initializers_it_is_given(student, close, equal):
    identity = {"class_name": "Identity", "config": {"gain": 3.0}}
    layer = student.Dense(4, kernel_initializer=identity, bias_initializer="ones")
    layer.build((None, 5))
    weights = layer.get_weights()
    equal(len(weights), 2, "the number of weights")
    close(weights[0], 3 * np.eye(5, 4, dtype="float32"), "the kernel at the start",
          category="wrong_state")  # fmt: skip
    close(weights[1], np.ones(4, "float32"), "the bias at the start",
          category="wrong_state")  # fmt: skip


@pytest.mark.points(2)
def test_gradients_match_the_chain_rule(student, rng, close):
    layer, _, inputs = both(student, rng, (3, 5), 4, activation="tanh")
    kernel, bias = (w.astype("float64") for w in layer.get_weights())
    upstream = rng.normal(size=(3, 4))
    below, found = student.gradients(layer, inputs, upstream=upstream)
    inner = upstream * (1 - np.tanh(inputs @ kernel + bias) ** 2)  # (3, 4)
    expected = [inner @ kernel.T, inputs.T @ inner, inner.sum(axis=0)]
    names = ["the input's gradient", "the kernel's gradient", "the bias's gradient"]
    for gradient, wanted, name in zip(below + found, expected, names, strict=True):
        close(gradient, wanted, name, category="wrong_gradient")


def test_survives_a_save_and_load(student, rng, close):
    layer, oracle, inputs = both(student, rng, (3, 6, 5), 4, activation="relu")
    loaded = student.saved_and_loaded(layer, inputs)
    close(loaded(inputs), oracle(inputs), "the loaded layer's output")
