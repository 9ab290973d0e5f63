"""Public checks of Adam and AdamW. The oracles are Keras's own, step by step."""

import keras
import numpy as np
import pytest

FAST = {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9}
RULES = {
    "Adam": FAST,
    "Adam with amsgrad": {**FAST, "amsgrad": True},
    "AdamW": {**FAST, "weight_decay": 0.5},
}
rules = pytest.mark.parametrize("rule", RULES)


def a_walk(rng, steps, dtype="float32"):
    """Two parameters, and gradients for so many steps, smaller and smaller."""
    shapes = [(3, 2), (2,)]

    def gradient(step, shape):
        signs = rng.choice([-1, 1], size=shape)
        return (signs * rng.uniform(0.2, 2, size=shape) * 0.7**step).astype(dtype)

    parameters = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    return parameters, [[gradient(t, shape) for shape in shapes] for t in range(steps)]


def by_keras(optimizer, parameters, walk):
    """The parameters after each step of Keras's optimizer."""
    variables = [keras.Variable(p, dtype=p.dtype.name) for p in parameters]
    path = []
    for gradients in walk:
        tensors = [keras.ops.convert_to_tensor(g) for g in gradients]
        optimizer.apply(tensors, variables)
        path.append([np.array(keras.ops.convert_to_numpy(v)) for v in variables])
    return path


def the_two(student, rule, **more):
    """The submission's optimizer and Keras's."""
    name, settings = rule.split()[0], {**RULES[rule], **more}
    oracle = getattr(keras.optimizers, name)(**settings)
    return getattr(student, name)(**settings), oracle


def same_way(close, found, expected):
    """Compares the parameters after every step."""
    for k, name in enumerate(["a matrix", "a vector"]):
        way = [step[k] for step in found]
        close(way, [step[k] for step in expected], f"{name} after each step")


@pytest.mark.points(3)
@rules
def test_eight_steps_match_keras(student, rng, close, rule):
    parameters, walk = a_walk(rng, 8)
    optimizer, oracle = the_two(student, rule)
    expected = by_keras(oracle, parameters, walk)
    same_way(close, student.stepped(optimizer, parameters, walk), expected)


def test_the_first_step_is_as_long_as_the_learning_rate(student, rng, close):
    (matrix, vector), [gradients] = a_walk(rng, 1)
    gradients[0] *= np.float32(1000)
    found = student.stepped(student.Adam(0.1), [matrix, vector], [gradients])
    length = np.float32(0.1)
    close(found[0][0], matrix - length * np.sign(gradients[0]), "a matrix")
    close(found[0][1], vector - length * np.sign(gradients[1]), "a vector")


@pytest.mark.points(2)
@rules
def test_keeps_the_means_that_keras_keeps(student, rng, close, equal, rule):
    parameters, walk = a_walk(rng, 3)
    optimizer, oracle = the_two(student, rule)
    by_keras(oracle, parameters, walk)
    student.stepped(optimizer, parameters, walk)
    found = optimizer.variables
    names = [variable.name for variable in oracle.variables]
    equal(len(found), len(names), f"the number of variables ({', '.join(names)})")
    for value, variable in zip(found, oracle.variables, strict=True):
        close(value, variable, variable.name, category="wrong_state")


@pytest.mark.points(2)
@pytest.mark.parametrize("rule", ["Adam", "AdamW"])
def test_a_large_epsilon_is_added_before_the_correction(student, rng, close, rule):
    parameters, walk = a_walk(rng, 3)
    optimizer, oracle = the_two(student, rule, epsilon=0.5)
    expected = by_keras(oracle, parameters, walk)
    same_way(close, student.stepped(optimizer, parameters, walk), expected)


@pytest.mark.points(2)
def test_decay_does_not_depend_on_the_gradient(student, rng, close):
    (matrix, vector), [gradients] = a_walk(rng, 1)
    settings = {"learning_rate": 0.1, "weight_decay": 0.5}
    big = [np.float32(100) * gradient for gradient in gradients]
    one, other = student.AdamW(**settings), student.AdamW(**settings)
    found = student.stepped(one, [matrix, vector], [gradients])
    again = student.stepped(other, [matrix, vector], [big])
    shrunk = matrix * np.float32(1 - 0.1 * 0.5)
    expected = shrunk - np.float32(0.1) * np.sign(gradients[0])
    close(found[0][0], expected, "a matrix after a step")
    close(
        again[0][0], expected, "a matrix after a step with gradients 100 times larger"
    )


@pytest.mark.parametrize("rule", ["Adam", "AdamW"])
def test_follows_a_learning_rate_that_changes(student, rng, close, rule):
    parameters, walk = a_walk(rng, 4)
    boundaries, rates = [0, 2], [0.5, 0.05, 0.2]
    name = "keras.optimizers.schedules.PiecewiseConstantDecay"
    schedule = student.imported(name)(boundaries, rates)
    kind = rule.split()[0]
    optimizer = getattr(student, kind)(**{**RULES[rule], "learning_rate": schedule})
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
    oracle = getattr(keras.optimizers, kind)(
        **{**RULES[rule], "learning_rate": schedule}
    )
    expected = by_keras(oracle, parameters, walk)
    same_way(close, student.stepped(optimizer, parameters, walk), expected)


@rules
def test_float64_parameters_move_in_float64(student, rng, close, rule):
    parameters, walk = a_walk(rng, 2, "float64")
    optimizer, oracle = the_two(student, rule)
    expected = by_keras(oracle, parameters, walk)
    same_way(close, student.stepped(optimizer, parameters, walk), expected)
