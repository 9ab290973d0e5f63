"""Public checks of the three optimizers. The oracles are Keras's, over 20 steps.

`step` changes arrays in place; `student.arguments_after` shows the arrays of a call as
the call has left them.
"""

import keras
import numpy as np
import pytest

CASES = {
    "GradientDescent": ({"learning_rate": 0.1}, keras.optimizers.SGD),
    "Momentum": ({"learning_rate": 0.1, "momentum": 0.8}, keras.optimizers.SGD),
    "Adam": ({"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95},
             keras.optimizers.Adam),
}  # fmt: skip


def a_walk(rng, steps=20):
    """Two parameters, and gradients for so many steps, none of them close to 0."""
    shapes = [(3, 2), (2,)]

    def gradient(shape):
        return rng.choice([-1, 1], size=shape) * rng.uniform(0.2, 2, size=shape)

    parameters = [rng.normal(size=shape) for shape in shapes]
    return parameters, [[gradient(shape) for shape in shapes] for _ in range(steps)]


def by_keras(optimizer, parameters, walk):
    """Where a Keras optimizer takes the parameters."""
    variables = [keras.Variable(p, dtype="float64") for p in parameters]
    for gradients in walk:
        tensors = [keras.ops.convert_to_tensor(g, "float64") for g in gradients]
        optimizer.apply(tensors, variables)
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def judge(student, close, optimizer, parameters, walk, expected):
    """Walks with the submission's optimizer and compares where it ends."""
    for gradients in walk:
        parameters, _ = student.arguments_after(optimizer.step, parameters, gradients)
    for k, (parameter, right) in enumerate(zip(parameters, expected, strict=True)):
        close(parameter, right, f"parameter {k}", tolerance=1e-5)


@pytest.mark.points(2)
@pytest.mark.parametrize("name", CASES)
def test_twenty_steps_match_keras(student, rng, close, name):
    settings, oracle = CASES[name]
    parameters, walk = a_walk(rng)
    expected = by_keras(oracle(**settings), parameters, walk)
    optimizer = getattr(student, name)(**settings)
    judge(student, close, optimizer, parameters, walk, expected)


@pytest.mark.parametrize("name", CASES)
def test_a_first_step_changes_the_arrays_in_place(student, rng, close, name):
    settings, oracle = CASES[name]
    parameters, walk = a_walk(rng, steps=1)
    expected = by_keras(oracle(**settings), parameters, walk)
    optimizer = getattr(student, name)(**settings)
    judge(student, close, optimizer, parameters, walk, expected)


def test_the_first_step_of_adam_is_as_long_as_the_learning_rate(student, rng, close):
    parameters, [gradients] = a_walk(rng, steps=1)
    gradients[0] *= 1000
    expected = [
        p - 0.1 * np.sign(g) for p, g in zip(parameters, gradients, strict=True)
    ]
    optimizer = student.Adam(0.1)
    judge(student, close, optimizer, parameters, [gradients], expected)


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32(student, rng, close, name):
    settings, oracle = CASES[name]
    parameters, walk = a_walk(rng, steps=2)
    expected = by_keras(oracle(**settings), parameters, walk)
    parameters = [parameter.astype("float32") for parameter in parameters]
    walk = [[gradient.astype("float32") for gradient in step] for step in walk]
    expected = [parameter.astype("float32") for parameter in expected]
    optimizer = getattr(student, name)(**settings)
    judge(student, close, optimizer, parameters, walk, expected)
