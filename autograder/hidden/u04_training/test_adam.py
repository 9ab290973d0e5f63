"""Hidden checks of Adam and AdamW: defaults, zeros, gaps, graphs, bookkeeping."""

import keras
import numpy as np
import pytest

NAMES = ["Adam", "AdamW"]
names = pytest.mark.parametrize("name", NAMES)


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


def both(student, rng, close, name, shapes, steps=4, without=(), **settings):
    """Compares ways with Keras's, `without` gradients where it says (step, parameter)."""
    parameters = [rng.normal(size=shape).astype("float32") for shape in shapes]
    walk = [
        [
            None if (step, k) in without else rng.normal(size=s).astype("float32")
            for k, s in enumerate(shapes)
        ]
        for step in range(steps)
    ]
    expected = by_keras(getattr(keras.optimizers, name)(**settings), parameters, walk)
    found = student.stepped(getattr(student, name)(**settings), parameters, walk)
    for k in range(len(shapes)):
        change = [step[k] - parameters[k] for step in found]
        close(change, [step[k] - parameters[k] for step in expected],
              f"how far parameter {k} has come after each step", tolerance=1e-3)  # fmt: skip


@names
def test_the_defaults_are_those_of_keras(student, rng, close, name):
    both(student, rng, close, name, [(3, 2), (2,)])


@names
def test_fifty_steps_match_keras(student, rng, close, name):
    both(student, rng, close, name, [(2, 2)], 50, learning_rate=0.05)


def test_a_missing_gradient_leaves_that_variable_and_its_means(student, rng, close):
    without = {(1, 0), (2, 1)}
    both(student, rng, close, "Adam", [(2, 3), (2, 3), (4,)], without=without,
         learning_rate=0.1)  # fmt: skip


@names
def test_a_gradient_of_0_is_no_division_by_0(student, rng, close, name):
    start, zero = rng.normal(size=4).astype("float32"), np.zeros(4, "float32")
    found = student.stepped(getattr(student, name)(0.1), [start], [[zero], [zero + 1]])
    oracle = getattr(keras.optimizers, name)(0.1)
    expected = by_keras(oracle, [start], [[zero], [zero + 1]])
    close([step[0] for step in found], [step[0] for step in expected])


@pytest.mark.parametrize(
    "more",
    [{"weight_decay": 0.5}, {"global_clipnorm": 0.5}],
    ids=lambda m: next(iter(m)),
)
def test_decay_and_clipping_of_the_base_class_still_work(student, rng, close, more):
    both(student, rng, close, "Adam", [(3, 2), ()], learning_rate=0.1, **more)


def test_a_variable_can_be_excluded_from_decay(student, rng, close):
    start = [rng.normal(size=3).astype("float32") for _ in range(2)]
    walk = [[rng.normal(size=3).astype("float32") for _ in range(2)]]
    optimizer = student.AdamW(0.1, weight_decay=0.9)
    optimizer.exclude_from_weight_decay(var_names=["parameter_1"])
    (found,) = student.stepped(optimizer, start, walk)
    expected = [
        value * np.float32(shrink) - np.float32(0.1) * np.sign(gradient)
        for value, shrink, gradient in zip(start, [0.91, 1], walk[0], strict=True)
    ]
    close(found[0], expected[0], "the variable that decays")
    close(found[1], expected[1], "the one that was excluded")


@names
def test_a_configuration_makes_the_same_optimizer_again(student, rng, close, name):
    settings = {"learning_rate": 0.2, "beta_1": 0.5, "beta_2": 0.8, "epsilon": 0.1,
                "amsgrad": True, "weight_decay": 0.3}  # fmt: skip
    start, walk = rng.normal(size=4), [[g] for g in rng.normal(size=(3, 4))]
    kind = getattr(student, name)
    copy = kind.from_config(kind(**settings).get_config())
    found = student.stepped(copy, [start], walk)
    expected = by_keras(getattr(keras.optimizers, name)(**settings), [start], walk)
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
                    optimizer=student.AdamW(0.1), loss="mse", shuffle=False)  # fmt: skip
    model = keras.Sequential([keras.Input((3,)), oracle])
    model.compile(keras.optimizers.AdamW(0.1), "mse", run_eagerly=True)
    for _ in range(2):
        for k in (0, 3):
            model.train_on_batch(x[k : k + 3], y[k : k + 3])
    close(layer.get_weights()[0], oracle.kernel, "the kernel after four steps")


def test_refuses_no_decay_at_all(student, rng, close, raises):
    both(student, rng, close, "AdamW", [(3,)], learning_rate=0.1)
    raises(ValueError, student.AdamW, weight_decay=None)
