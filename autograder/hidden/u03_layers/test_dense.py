"""Hidden checks of Dense: sizes of one, graphs, precisions, bookkeeping."""

import keras
import numpy as np
import pytest


def both(student, rng, shape, *args, dtype="float32", **kwargs):
    """Keras's layer and the student's, with the same random weights, and an input."""
    inputs = rng.normal(size=shape).astype("float32")
    oracle = keras.layers.Dense(*args, dtype=dtype, **kwargs)
    oracle.build(shape)
    values = [rng.normal(size=w.shape).astype("float32") for w in oracle.weights]
    oracle.set_weights(values)
    layer = student.Dense(*args, dtype=dtype, **kwargs)
    layer.build(shape)
    layer.set_weights(values)
    return layer, oracle, inputs


@pytest.mark.parametrize(
    "shape, units",
    [((1, 5), 3), ((4, 1), 3), ((4, 5), 1), ((3, 1, 2), 2)],
    ids=["one example", "one feature", "one unit", "one time step"],
)
def test_sizes_of_one(student, rng, close, shape, units):
    layer, oracle, inputs = both(student, rng, shape, units)
    close(layer(inputs), oracle(inputs))


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(3, 5), (3, 6, 5)], ids=["vectors", "time steps"])
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close, shape):
    layer, oracle, inputs = both(student, rng, shape, 4, activation="tanh")
    close(student.predicted(layer, inputs), oracle(inputs))


def test_adds_up_in_the_precision_of_float32_or_better(student, rng, close):
    layer, _, inputs = both(student, rng, (2, 2000), 3)
    kernel, bias = (w.astype("float64") for w in layer.get_weights())
    close(layer(inputs), inputs.astype("float64") @ kernel + bias)


def test_takes_float64(student, rng, close):
    layer, _, inputs = both(student, rng, (3, 5), 4, dtype="float64")
    kernel, bias = (w.astype("float64") for w in layer.get_weights())
    close(layer(inputs.astype("float64")), inputs @ kernel + bias, tolerance=1e-5)


def test_works_in_mixed_precision(student, rng, close, equal):
    layer, oracle, inputs = both(student, rng, (3, 5), 4, dtype="mixed_float16")
    close(layer(inputs), oracle(inputs))
    kinds = [str(w.dtype) for w in layer.get_weights()]
    equal(kinds, ["float32"] * 2, "the dtypes of the weights")


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    layer, oracle, inputs = both(student, rng, (2, 6, 5), 4)
    close(layer(inputs), oracle(inputs))
    promised = student.symbolic_shape(layer, (None, 6, 5))
    equal(promised, (None, 6, 4), "the promised shape")


def test_penalizes_kernel_bias_and_activity(student, rng, close):
    settings = {"kernel_regularizer": "l2", "bias_regularizer": "l1"}
    layer, oracle, inputs = both(
        student, rng, (3, 5), 4, activity_regularizer="l2", **settings
    )
    close(layer(inputs), oracle(inputs))
    expected = [float(penalty) for penalty in oracle.losses]
    close(np.sort(layer.losses), np.sort(expected), "the penalties")


def test_constrains_the_kernel(student, rng, close, equal):
    x = rng.normal(size=(8, 5)).astype("float32")
    y = rng.normal(size=(8, 4)).astype("float32")
    layer = student.Dense(4, kernel_constraint="non_neg", bias_constraint="non_neg")
    layer.build((None, 5))
    student.trained(layer, x, y, epochs=2, learning_rate=0.1, loss="mse")
    for weight in layer.get_weights():
        close(weight, np.maximum(weight, 0), "a weight after training",
              category="wrong_state")  # fmt: skip


def test_can_be_frozen(student, equal):
    layer = student.Dense(4, trainable=False)
    layer.build((None, 5))
    equal(len(layer.get_weights()), 2, "the number of weights")
    equal(len(layer.trainable_weights), 0, "the number of trainable weights")


def test_refuses_what_it_cannot_do(student, rng, close, raises):
    layer, oracle, inputs = both(student, rng, (3, 5), 4)
    close(layer(inputs), oracle(inputs))
    raises(ValueError, student.Dense, 0)
    raises(ValueError, student.Dense(4).build, (None, None))
    raises(ValueError, student.Dense, 4, kernel_initializer="no such thing")
