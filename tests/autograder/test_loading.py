"""The run-time trap: what is forbidden is switched off, and nothing else is."""

import sys

import keras
import numpy as np
import pytest

from autograder.grading.student import Student
from autograder.grading.transport import InThisProcess
from autograder.sandbox import operations
from autograder.sandbox.limits import Limits
from autograder.sandbox.loading import ForbiddenAPI, load_module, switch_off
from course import parts, syllabus

KERAS_EXERCISES = [e for e in syllabus.exercises() if e.may_use == "keras"]


@pytest.fixture
def switched_off(monkeypatch):
    """`switched_off(*names)` switches off until the test is over."""
    monkeypatch.setenv("LAYERWISE_PARTS", "keras")
    undo = []

    def switch(*names):
        undo.append(switch_off(names))

    yield switch
    for switch_on in reversed(undo):
        switch_on()


def trapped(function):
    return hasattr(function, "__trapped__")


def test_a_function_is_switched_off(switched_off):
    switched_off("keras.ops.softmax")
    with pytest.raises(ForbiddenAPI, match=r"keras\.ops\.softmax does what"):
        keras.ops.softmax(np.ones(3))
    keras.ops.relu(np.ones(3))


def test_a_class_is_switched_off_under_all_its_names(switched_off):
    switched_off("keras.layers.Conv2D")
    assert trapped(keras.layers.Conv2D)
    assert trapped(keras.layers.Convolution2D)
    assert trapped(sys.modules["keras._tf_keras.keras.layers"].Conv2D)
    assert not trapped(keras.layers.Conv1D)


@pytest.mark.parametrize("module", ["keras.layers", "keras.src.layers"])
def test_a_class_is_not_to_be_had_by_its_configuration(switched_off, module):
    config = keras.layers.Conv2D(3, 3).get_config()
    described = {"module": module, "class_name": "Conv2D", "config": config}
    described["registered_name"] = None
    assert keras.saving.deserialize_keras_object(described).filters == 3
    switched_off("keras.layers.Conv2D")
    with pytest.raises(ForbiddenAPI, match="Conv2D"):
        keras.saving.deserialize_keras_object(described)
    with pytest.raises(ForbiddenAPI, match="Conv2D"):
        keras.Sequential.from_config({"name": "net", "layers": [described]})


@pytest.mark.parametrize(
    "module, example",
    [
        ("keras.layers", "Dense"),
        ("keras.activations", "relu"),
        ("keras.models", "Sequential"),
        ("keras.ops.nn", "softmax"),
        ("keras.ops.image", "resize"),
        ("keras.utils", "get_file"),
        ("keras.applications", "ResNet50"),
        ("keras.applications", "resnet.ResNet50"),
        ("keras.backend", "clear_session"),
    ],
)
def test_a_module_is_switched_off_as_a_whole(switched_off, module, example):
    switched_off(module)
    found = sys.modules[module]
    for name in example.split("."):
        found = getattr(found, name)
    assert trapped(found)


def test_a_layer_may_still_be_written(switched_off):
    switched_off("keras.layers", "keras.models", "keras.Sequential", "keras.backend")
    source = """
import keras
class Twice(keras.layers.Layer):
    def call(self, x):
        return x * 2
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.twice = Twice()
    def call(self, x):
        return self.twice(x)
"""
    module = load_module(source, "twice.py", "submission_twice")
    assert np.allclose(operations.to_numpy(module.Net()(np.ones((1, 2)))), 2)


def test_parts_are_still_given(switched_off):
    dense = keras.layers.Dense
    switched_off("keras.layers", "keras.models")
    assert trapped(keras.layers.Dense)
    assert parts.part("Dense") is dense
    assert "Dense" in str(parts.part("Dense")(3))


def test_what_an_exercise_is_about_is_no_part_of_it(switched_off):
    switched_off("keras.layers.Conv2D", "keras.layers")
    assert trapped(parts.part("Conv2D"))


@pytest.mark.parametrize("exercise", KERAS_EXERCISES, ids=lambda e: e.id)
def test_the_helpers_of_checks_go_on_working(switched_off, exercise):
    switched_off(*exercise.forbidden)
    source = """
import keras
from keras import ops
@keras.saving.register_keras_serializable(package="layerwise")
class Scale(keras.Layer):
    def build(self, shape):
        self.w = self.add_weight(name="w", shape=(shape[-1],), initializer="ones")
    def call(self, x):
        return x * self.w
    def compute_output_shape(self, shape):
        return shape
"""
    module = load_module(source, "scale.py", "submission_scale")
    x = np.arange(6, dtype="float32").reshape(2, 3)
    operations.seed(3)
    layer = module.Scale()
    (by_input,), (by_weight,) = operations.gradients(layer, [x])
    assert np.allclose(operations.to_numpy(by_input), 1)
    assert np.allclose(operations.to_numpy(by_weight), x.sum(axis=0))
    assert operations.symbolic_shape(layer, (None, 3)) == (None, 3)
    assert np.allclose(operations.predicted(layer, x), x)
    loaded = operations.saved_and_loaded(layer, x)
    assert np.allclose(operations.to_numpy(loaded(x)), x)
    optimizer = keras.src.optimizers.SGD()  # by name it may be switched off
    operations.trained(module.Scale(), x, np.array([0, 2]), optimizer=optimizer)


def test_switching_on_again_puts_everything_back():
    before = {n: dict(vars(m)) for n, m in sys.modules.items() if n[:5] == "keras"}
    names = {name for exercise in KERAS_EXERCISES for name in exercise.forbidden}
    switch_off(sorted(names))()
    for name, attributes in before.items():
        now = vars(sys.modules[name])
        assert [a for a, v in attributes.items() if now.get(a) is not v] == []
    assert parts.KEPT == {}


def test_names_that_do_not_exist_are_no_obstacle(switched_off):
    switched_off("keras.layers.NoSuch", "nowhere.at.all", "numpy.load", "keras.src")
    assert trapped(np.load)


REGISTERS = """
import keras

@keras.saving.register_keras_serializable(package="layerwise")
class Layer(keras.Layer):
    pass
"""


def test_a_check_in_this_process_leaves_keras_as_it_was():
    lookup = sys.modules["keras.src.saving.serialization_lib"]
    before = lookup._retrieve_class_or_fn
    registered = dict(keras.saving.get_custom_objects())
    dense = keras.layers.Dense
    for forbidden in ([], ["keras.layers.Dense"]):
        connection = InThisProcess().open(Limits())
        student = Student(connection)
        student.load(
            source=REGISTERS,
            filename="x.py",
            name="x",
            tensors=True,
            forbidden=forbidden,
            seed=0,
        )
        connection.close()
        assert lookup._retrieve_class_or_fn is before
        assert keras.layers.Dense is dense
        assert keras.saving.get_custom_objects() == registered
