"""Public checks of SGD. The oracle is Keras's own optimizer, step by step."""

import keras
import numpy as np
import pytest

RULES = {
    "plain": {"learning_rate": 0.1},
    "momentum": {"learning_rate": 0.1, "momentum": 0.8},
    "nesterov": {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True},
}
rules = pytest.mark.parametrize("rule", RULES)


def a_walk(rng, steps, dtype="float32"):
    """Two parameters, and gradients for so many steps, none of them close to 0."""
    shapes = [(3, 2), (2,)]

    def gradient(shape):
        signs = rng.choice([-1, 1], size=shape)
        return (signs * rng.uniform(0.2, 2, size=shape)).astype(dtype)

    parameters = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    return parameters, [[gradient(shape) for shape in shapes] for _ in range(steps)]


def by_keras(optimizer, parameters, walk):
    """The parameters after each step of Keras's optimizer."""
    variables = [keras.Variable(p, dtype=p.dtype.name) for p in parameters]
    path = []
    for gradients in walk:
        tensors = [keras.ops.convert_to_tensor(g) for g in gradients]
        optimizer.apply(tensors, variables)
        path.append([np.array(keras.ops.convert_to_numpy(v)) for v in variables])
    return path


def same_way(close, found, expected):
    """Compares the parameters after every step."""
    for k, name in enumerate(["a matrix", "a vector"]):
        way = [step[k] for step in found]
        close(way, [step[k] for step in expected], f"{name} after each step")


@pytest.mark.points(3)
@rules
def test_twelve_steps_match_keras(student, rng, close, rule):
    parameters, walk = a_walk(rng, 12)
    expected = by_keras(keras.optimizers.SGD(**RULES[rule]), parameters, walk)
    found = student.stepped(student.SGD(**RULES[rule]), parameters, walk)
    same_way(close, found, expected)


@rules
def test_the_very_first_step_matches_keras(student, rng, close, rule):
    parameters, walk = a_walk(rng, 1)
    expected = by_keras(keras.optimizers.SGD(**RULES[rule]), parameters, walk)
    found = student.stepped(student.SGD(**RULES[rule]), parameters, walk)
    same_way(close, found, expected)


@pytest.mark.points(2)
@rules
def test_keeps_the_velocities_that_keras_keeps(student, rng, close, equal, rule):
    parameters, walk = a_walk(rng, 3)
    oracle, optimizer = keras.optimizers.SGD(**RULES[rule]), student.SGD(**RULES[rule])
    by_keras(oracle, parameters, walk)
    student.stepped(optimizer, parameters, walk)
    found = optimizer.variables
    names = [variable.name for variable in oracle.variables]
    equal(len(found), len(names), f"the number of variables ({', '.join(names)})")
    for value, variable in zip(found, oracle.variables, strict=True):
        close(value, variable, variable.name, category="wrong_state")


@pytest.mark.points(2)
@rules
def test_a_falling_learning_rate_leaves_the_speed_gathered(student, rng, close, rule):
    parameters, walk = a_walk(rng, 6)
    settings, falling = {**RULES[rule]}, ([1, 3], [0.5, 0.05, 0.2])
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(*falling)
    settings["learning_rate"] = schedule
    expected = by_keras(keras.optimizers.SGD(**settings), parameters, walk)
    name = "keras.optimizers.schedules.PiecewiseConstantDecay"
    settings["learning_rate"] = student.imported(name)(*falling)
    found = student.stepped(student.SGD(**settings), parameters, walk)
    same_way(close, found, expected)


@rules
def test_float64_parameters_move_in_float64(student, rng, close, rule):
    parameters, walk = a_walk(rng, 3, "float64")
    expected = by_keras(keras.optimizers.SGD(**RULES[rule]), parameters, walk)
    found = student.stepped(student.SGD(**RULES[rule]), parameters, walk)
    same_way(close, found, expected)


def test_a_configuration_makes_the_same_optimizer_again(student, rng, close):
    parameters, walk = a_walk(rng, 4)
    settings = RULES["nesterov"]
    expected = by_keras(keras.optimizers.SGD(**settings), parameters, walk)
    copy = student.SGD.from_config(student.SGD(**settings).get_config())
    same_way(close, student.stepped(copy, parameters, walk), expected)
