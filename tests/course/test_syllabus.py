"""Names that people type, and what the syllabus promises."""

import pkgutil

import pytest

from course import syllabus


@pytest.mark.parametrize(
    "text, found",
    [
        ("conv2d", "u05_convolution/conv2d"),
        ("u05/conv2d", "u05_convolution/conv2d"),
        ("u05_convolution/conv2d.py", "u05_convolution/conv2d"),
        ("exercises/u03_layers/dense.py", "u03_layers/dense"),
        ("/somewhere/else/exercises/u03_layers/dense.py", "u03_layers/dense"),
        ("exercises\\u05_convolution\\conv2d.py", "u05_convolution/conv2d"),
    ],
)
def test_an_exercise_is_found_by(text, found):
    assert [exercise.id for exercise in syllabus.find(text)] == [found]


@pytest.mark.parametrize(
    "text", ["u05", "u05_convolution", "exercises/u05_convolution/"]
)
def test_a_unit_is_all_its_exercises(text):
    names = [exercise.name for exercise in syllabus.find(text)]
    assert names[:3] == ["numpy_conv2d", "numpy_max_pool", "conv2d"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("dense", "say u01_numpy_mlp/dense or u03_layers/dense"),
        ("conv2", "Did you mean conv2d"),
        ("u03/conv2d", "no exercise or unit called u03/conv2d"),
        ("zzzz", "layerwise list"),
    ],
)
def test_a_name_that_is_none_gives_the_nearest(text, words):
    with pytest.raises(syllabus.UnknownName, match=words):
        syllabus.find(text)


def test_every_need_is_an_earlier_exercise():
    seen = set()
    for exercise in syllabus.exercises():
        assert set(exercise.needs) <= seen, exercise.id
        seen.add(exercise.id)


def test_ids_are_unique():
    ids = [exercise.id for exercise in syllabus.exercises()]
    assert len(ids) == len(set(ids))


def test_what_an_exercise_forbids_exists():
    for exercise in syllabus.exercises():
        for dotted in exercise.forbidden:
            pkgutil.resolve_name(dotted)  # AttributeError names a stale entry
