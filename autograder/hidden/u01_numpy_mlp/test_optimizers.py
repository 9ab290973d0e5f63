"""Hidden checks of the three optimizers: defaults, zeros, memory, epsilon."""

import math

import numpy as np
import pytest

NAMES = ["GradientDescent", "Momentum", "Adam"]


def by_hand(name, start, gradients, learning_rate=None, epsilon=1e-7):
    """Where one number goes, in Python's own floats; else the default settings."""
    theta, velocity, m, v = float(start), 0.0, 0.0, 0.0
    for t, g in enumerate(map(float, gradients), start=1):
        if name == "GradientDescent":
            theta -= (learning_rate or 0.01) * g
        elif name == "Momentum":
            velocity = 0.9 * velocity - (learning_rate or 0.01) * g
            theta += velocity
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            length = (learning_rate or 0.001) / (
                math.sqrt(v / (1 - 0.999**t)) + epsilon
            )
            theta -= length * m / (1 - 0.9**t)
    return theta


def gradients_of(rng, *shape):
    """Numbers on both sides of 0, none of them close to it."""
    return rng.choice([-1, 1], size=shape) * rng.uniform(0.2, 2, size=shape)


def walked(student, optimizer, parameters, walk):
    for gradients in walk:
        parameters, _ = student.arguments_after(optimizer.step, parameters, gradients)
    return parameters


def all_by_hand(name, start, walk, **settings):
    """The numbers of one array, each walked by itself."""
    expected = np.zeros(start.shape)
    for place in np.ndindex(start.shape):
        gradients = [step[place] for step in walk]
        expected[place] = by_hand(name, start[place], gradients, **settings)
    return expected


@pytest.mark.parametrize("name", NAMES)
def test_defaults_and_three_parameters(student, rng, close, name):
    shapes = [(2, 3), (3, 1), (1,)]
    start = [rng.normal(size=shape) for shape in shapes]
    walk = [[gradients_of(rng, *shape) for shape in shapes] for _ in range(7)]
    moved = walked(student, getattr(student, name)(), start, walk)
    for k, parameter in enumerate(moved):
        steps = [gradients[k] for gradients in walk]
        change = all_by_hand(name, start[k], steps) - start[k]
        close(parameter - start[k], change, f"the way of parameter {k}", tolerance=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_of_0_moves_nothing(student, rng, close, name):
    (start,) = rng.normal(size=(1, 4))
    zero = np.zeros(4)
    optimizer = getattr(student, name)(0.1)
    (moved,) = walked(student, optimizer, [start], [[zero], [zero]])
    close(moved, start)
    (moved,) = walked(student, getattr(student, name)(0.1), [start], [[zero + 1]])
    expected = all_by_hand(name, start, [zero + 1], learning_rate=0.1)
    close(moved, expected, "another one, after a gradient of 1")


def test_epsilon_is_added_to_the_corrected_root(student, rng, close):
    start, *walk = rng.normal(size=(6, 4))
    optimizer = student.Adam(0.1, epsilon=0.5)
    (moved,) = walked(student, optimizer, [start], [[step] for step in walk])
    expected = all_by_hand("Adam", start, walk, learning_rate=0.1, epsilon=0.5)
    close(moved, expected)


@pytest.mark.parametrize("name", NAMES)
def test_two_optimizers_keep_apart(student, rng, close, name):
    optimizer, other = getattr(student, name)(0.1), getattr(student, name)(0.1)
    start, walk = rng.normal(size=5), gradients_of(rng, 3, 5)
    moved = start
    for step in walk:
        (moved,) = walked(student, optimizer, [moved], [[step]])
        walked(student, other, [rng.normal(size=5)], [[rng.normal(size=5)]])
    close(moved, all_by_hand(name, start, walk, learning_rate=0.1))


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_gradients_as_they_are(student, rng, close, name):
    start, gradient = rng.normal(size=(2, 3))
    optimizer = getattr(student, name)(0.1)
    for _ in range(2):
        _, (after,) = student.arguments_after(optimizer.step, [start], [gradient])
        close(after, gradient, "the gradient after a step")
