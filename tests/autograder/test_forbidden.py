"""What the source analysis finds, and what it lets pass, in the parts of other units."""

import pytest

from autograder.grading import forbidden
from course import syllabus


def messages(source, name):
    (exercise,) = syllabus.find(name)
    return [finding.message for finding in forbidden.find(source, exercise)]


@pytest.mark.parametrize(
    "source, name",
    [
        ("from course.numpy_parts import MLP", "u01/mlp"),
        ("from course.numpy_parts import ReLU as R", "u01/activations"),
        ("from course import numpy_parts\nD = numpy_parts.Dense", "u01/dense"),
        ("import course.numpy_parts as p\ngetattr(p, 'L2')", "u01/losses"),
        ("from course.parts import Conv2D", "u05/conv2d"),
        ("from course.parts import ResidualBlock", "u07/residual_block"),
    ],
)
def test_the_parts_of_the_exercise_itself_are_refused(source, name):
    (message,) = set(messages(source, name))
    assert "what you are asked to write" in message


@pytest.mark.parametrize(
    "source, name",
    [
        ("from course.numpy_parts import Dense, ReLU", "u01/mlp"),
        ("from course import numpy_parts\nnumpy_parts.Adam(0.1)", "u01/mlp"),
        ("from course.parts import Dense, Dropout", "u03/fcnn"),
        ("from course.parts import Conv2D", "u07/residual_block"),
    ],
)
def test_the_parts_of_other_exercises_may_be_used(source, name):
    assert messages(source, name) == []


@pytest.mark.parametrize(
    "source, name",
    [
        ("from course.numpy_parts import parts\nparts.part('MLP', 'numpy')", "u01/mlp"),
        ("from course.parts import _built_in", "u05/conv2d"),
        ("from course import parts\nparts.sys.modules", "u05/conv2d"),
        ("from course import parts\nparts.part('Conv2D')", "u05/conv2d"),
    ],
)
def test_the_machinery_behind_the_parts_is_refused(source, name):
    assert any("is no part" in message for message in messages(source, name))


@pytest.mark.parametrize(
    "source, name",
    [
        ("from course.stand_ins import ReLU", "u01/activations"),
        ("import course.stand_ins", "u01/mlp"),
        ("from course.block_stand_ins import ResidualBlock", "u07/residual_block"),
        ("from course.measuring import convolutions", "u05/numpy_conv2d"),
        ("from course import autodiff", "u01/dense"),
        ("from course.parts import Dense", "u01/dense"),
        ("from course.numpy_parts import Softmax", "u00/puzzles"),
    ],
)
def test_ways_round_through_the_course_are_refused(source, name):
    assert any("is not allowed" in message for message in messages(source, name))


@pytest.mark.parametrize(
    "source",
    [
        "import keras\nclass Dropout(keras.layers.Layer): ...",
        "from keras import layers\nclass Dropout(layers.Layer): ...",
        "from keras.layers import Layer\nclass Dropout(Layer): ...",
        "import keras.layers as kl\nspec = kl.InputSpec(ndim=4)",
    ],
)
def test_the_base_class_is_allowed_where_all_other_layers_are_not(source):
    assert messages(source, "u03/dropout") == []


@pytest.mark.parametrize(
    "source",
    [
        "from keras import layers\nlayers.Dropout(0.5)",
        "from keras import layers as kl\nx = kl",
        "import keras.layers as kl\ngetattr(kl, 'Drop' + 'out')",
        "from keras.layers import Layer, Dropout",
        "import keras\n[keras.layers][0].Dropout",
        "import keras\nkeras.layers.Layer.__subclasses__()",
    ],
)
def test_beside_the_base_class_all_other_layers_are_refused(source):
    assert messages(source, "u03/dropout") != []
