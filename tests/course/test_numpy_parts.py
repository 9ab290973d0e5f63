"""Where `from course.numpy_parts import Dense` leads."""

import hashlib
import json
import sys

import keras
import pytest

from course import numpy_parts, parts, stand_ins


def test_keras_means_the_stand_in(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    assert numpy_parts.Dense is stand_ins.Dense
    assert numpy_parts.source("Dense")[0] == "keras"


def test_solutions_means_the_reference(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "solutions")
    assert numpy_parts.Dense.__module__ == "solutions.u01_numpy_mlp.dense"


def test_dense_of_u01_and_dense_of_u03_keep_apart(monkeypatch):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    assert numpy_parts.Dense is not parts.Dense
    assert parts.Dense is keras.layers.Dense
    assert parts.source("Dense")[1].unit == "u03_layers"
    assert numpy_parts.source("Dense")[1].unit == "u01_numpy_mlp"


def test_yours_means_yours_once_it_has_passed(monkeypatch, tmp_path):
    source = "class Momentum:\n    mine = True\n"
    file = tmp_path / "exercises/u01_numpy_mlp/optimizers.py"
    file.parent.mkdir(parents=True)
    file.write_text(source)
    monkeypatch.setenv("LAYERWISE_PROJECT", str(tmp_path))
    monkeypatch.setenv("LAYERWISE_PARTS", "yours")
    assert numpy_parts.Momentum is stand_ins.Momentum
    digest = hashlib.sha256(source.encode()).hexdigest()
    passed = {"u01_numpy_mlp/optimizers": {"sha256": digest}}
    progress = tmp_path / ".layerwise/progress.json"
    progress.parent.mkdir()
    progress.write_text(json.dumps({"passed": passed}))
    module = "exercises.u01_numpy_mlp.optimizers"
    monkeypatch.delitem(sys.modules, module, raising=False)
    assert numpy_parts.Momentum.mine
    monkeypatch.delitem(sys.modules, module)


def test_what_nothing_stands_in_for_names_the_exercise_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("LAYERWISE_PROJECT", str(tmp_path))
    monkeypatch.setenv("LAYERWISE_PARTS", "yours")
    with pytest.raises(AttributeError, match="layerwise check u01_numpy_mlp/mlp"):
        _ = numpy_parts.MLP


@pytest.mark.parametrize("name", ["keras", "ops", "np", "Nothing"])
def test_what_is_no_piece_is_refused(monkeypatch, name):
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    with pytest.raises(AttributeError):
        getattr(numpy_parts, name)
