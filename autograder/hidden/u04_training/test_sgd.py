"""Hidden checks of SGD: gaps, what Keras's base class adds, graphs, bookkeeping."""

import keras
import numpy as np
import pytest

NESTEROV = {"learning_rate": 0.1, "momentum": 0.7, "nesterov": True}


def by_keras(optimizer, parameters, walk):
    """The parameters after each step of Keras's optimizer."""
    variables = [keras.Variable(p, dtype=p.dtype.name) for p in parameters]
    path = []
    for gradients in walk:
        tensors = [
            g if g is None else keras.ops.convert_to_tensor(g) for g in gradients
        ]
        optimizer.apply(tensors, variables)
        path.append([np.array(keras.ops.convert_to_numpy(v)) for v in variables])
    return path


def both(student, rng, close, shapes, steps=4, without=(), **settings):
    """Compares ways with Keras's, `without` gradients where it says (step, parameter)."""
    parameters = [rng.normal(size=shape).astype("float32") for shape in shapes]
    walk = [
        [
            None if (step, k) in without else rng.normal(size=s).astype("float32")
            for k, s in enumerate(shapes)
        ]
        for step in range(steps)
    ]
    expected = by_keras(keras.optimizers.SGD(**settings), parameters, walk)
    found = student.stepped(student.SGD(**settings), parameters, walk)
    for k in range(len(shapes)):
        way = [step[k] for step in found]
        close(way, [step[k] for step in expected], f"parameter {k} after each step")


@pytest.mark.parametrize("settings", [{**NESTEROV, "nesterov": False}, NESTEROV],
                         ids=["momentum", "nesterov"])  # fmt: skip
def test_a_missing_gradient_leaves_that_variable_and_its_velocity(
    student, rng, close, settings
):
    both(
        student,
        rng,
        close,
        [(2, 3), (2, 3), (4,)],
        without={(1, 0), (2, 1)},
        **settings,
    )


def test_numbers_and_images_of_filters_move_alike(student, rng, close):
    both(student, rng, close, [(), (1,), (2, 3, 2, 3)], **NESTEROV)


@pytest.mark.parametrize(
    "more",
    [{"weight_decay": 0.1}, {"global_clipnorm": 0.5}, {"clipvalue": 0.3}],
    ids=lambda more: next(iter(more)),
)
def test_decay_and_clipping_of_the_base_class_still_work(student, rng, close, more):
    both(student, rng, close, [(3, 2), (2,)], **NESTEROV, **more)


def test_fifty_steps_match_keras(student, rng, close):
    both(student, rng, close, [(3,), (2, 2)], 50, **NESTEROV)


def test_the_defaults_are_those_of_keras(student, rng, close):
    both(student, rng, close, [(3, 2), (2,)])


def test_two_optimizers_keep_apart(student, rng, close):
    start, walk = rng.normal(size=5), list(rng.normal(size=(4, 1, 5)))
    one, other = student.SGD(**NESTEROV), student.SGD(**NESTEROV)
    student.stepped(other, [rng.normal(size=5)], [[rng.normal(size=5)]])
    walk = [list(step) for step in walk]
    expected = by_keras(keras.optimizers.SGD(**NESTEROV), [start], walk)
    found = student.stepped(one, [start], walk)
    close([step[0] for step in found], [step[0] for step in expected])


@pytest.mark.points(2)
def test_trains_a_layer_in_a_compiled_model(student, rng, close):
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    x, y = x.astype("float32"), y.astype("float32")
    oracle = keras.layers.Dense(2)
    oracle.build((None, 3))
    values = [rng.normal(size=w.shape).astype("float32") for w in oracle.weights]
    oracle.set_weights(values)
    layer = student.imported("keras.layers.Dense")(2)
    layer.build((None, 3))
    layer.set_weights(values)
    student.trained(layer, x, y, batch_size=3, epochs=2, learning_rate=None,
                    optimizer=student.SGD(**NESTEROV), loss="mse", shuffle=False)  # fmt: skip
    model = keras.Sequential([keras.Input((3,)), oracle])
    model.compile(keras.optimizers.SGD(**NESTEROV), "mse", run_eagerly=True)
    for _ in range(2):
        for k in (0, 3):
            model.train_on_batch(x[k : k + 3], y[k : k + 3])
    close(layer.get_weights()[0], oracle.kernel, "the kernel after four steps")


def test_refuses_a_momentum_outside_0_and_1(student, rng, close, raises):
    both(student, rng, close, [(3,)], **NESTEROV)
    raises(ValueError, student.SGD, 0.1, momentum=-0.1)
    raises(ValueError, student.SGD, 0.1, momentum=1.5)
