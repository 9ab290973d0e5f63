"""The stand-ins of u01 and u02: they keep the promises of the exercises, and meet the checks."""

import contextlib
import inspect

import numpy as np
import pytest

from autograder.grading.checks import CheckSuite
from autograder.grading.current import Run
from autograder.grading.submission import Submission
from autograder.grading.transport import InThisProcess
from course import graphs, stand_ins, syllabus
from solutions.u01_numpy_mlp import activations, dense, losses, optimizers
from solutions.u02_autograd import backward as graph_backward

REFERENCES = {
    name: getattr(module, name)
    for module in (activations, dense, losses, optimizers)
    for name in stand_ins.__all__
    if hasattr(module, name)
}
# Keras adds Adam's epsilon before the correction, which matters for a large one only;
# and on TensorFlow it rounds the betas to float32, which shows in the fifth digit.
KERAS_DIFFERS = {
    "test_epsilon_is_added_to_the_corrected_root",
    "test_defaults_and_three_parameters[Adam]",
    "test_two_optimizers_keep_apart[Adam]",
}


def test_every_piece_that_the_network_is_made_of_has_a_stand_in():
    pieces = {
        name
        for exercise in syllabus.find("u01")
        for name in exercise.names
        if exercise.name != "mlp"
    }
    assert pieces == set(REFERENCES) == set(stand_ins.__all__) - {"backward"}


def test_backward_by_paths_gives_what_the_reference_gives():
    weights = np.tril(np.random.default_rng(0).normal(size=(7, 7)), -1)
    gradients = []
    for function in (stand_ins.backward, graph_backward.backward):
        nodes = graphs.graph(weights, np.ones((7, 2)))
        function(nodes[-1], np.array([3.0, -1.0]))
        gradients.append([node.gradient for node in nodes])
        with pytest.raises(ValueError, match="needs a gradient"):
            function(nodes[-1])
        with pytest.raises(ValueError, match=r"shape \(3,\)"):
            function(nodes[-1], np.ones(3))
    np.testing.assert_allclose(*gradients)


@pytest.mark.parametrize("name", REFERENCES)
def test_it_is_called_like_the_reference(name):
    ours, theirs = getattr(stand_ins, name), REFERENCES[name]
    methods = [m for m, f in vars(theirs).items() if inspect.isfunction(f)]
    for method in {"__init__", *methods}:
        expected = inspect.signature(getattr(theirs, method)).parameters
        found = inspect.signature(getattr(ours, method)).parameters
        assert [(p.name, p.default) for p in found.values()] == [
            (p.name, p.default) for p in expected.values()
        ], method


@pytest.mark.parametrize("name", ["activations", "losses", "dense", "optimizers"])
def test_it_passes_every_check_of_the_exercise(name, pytestconfig):
    (exercise,) = syllabus.find(f"u01/{name}")
    names = ", ".join(exercise.names)
    source = f"from course.stand_ins import {names}  # not for students\n"
    suite = CheckSuite(exercise, pytestconfig.rootpath)
    submission = Submission(exercise, source, name)
    with contextlib.closing(Run(submission, InThisProcess(), b"stand-ins")) as run:
        failed = {o.check: o.message for o in suite.run(run) if not o.passed}
    assert failed.keys() <= KERAS_DIFFERS, failed


def test_a_network_of_stand_ins_learns_xor(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    layers = [
        stand_ins.Dense(2, 8, seed=1),
        stand_ins.Tanh(),
        stand_ins.Dense(8, 1, seed=2),
        stand_ins.Sigmoid(),
    ]
    loss, adam = stand_ins.BinaryCrossEntropy(), stand_ins.Adam(0.1)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float64")
    y = np.array([[0], [1], [1], [0]], "float64")
    for _ in range(60):
        prediction = x
        for layer in layers:
            prediction = layer.forward(prediction)
        loss.forward(y, prediction)
        dy = loss.backward()
        for layer in reversed(layers):
            dy = layer.backward(dy)
        adam.step(
            [p for layer in layers[::2] for p in layer.parameters()],
            [g for layer in layers[::2] for g in layer.gradients()],
        )
    assert ((prediction > 0.5) == (y > 0.5)).all()
