"""A layer is made as its namesake in Keras is: same arguments, order and defaults."""

import importlib
import inspect

import keras
import pytest

from course import syllabus

EXERCISES = {
    name: exercise
    for exercise in syllabus.exercises()
    for name in exercise.names
    if exercise.may_use == "keras"
    and inspect.isclass(getattr(keras.layers, name, None))
}
VALUES = {  # what has no default, and what is better not left at it
    "units": 4, "activation": "relu", "use_bias": False,
    "input_dim": 5, "output_dim": 4, "mask_zero": True,
    "filters": 6, "kernel_size": (3, 2), "pool_size": (3, 2), "strides": (2, 1),
    "momentum": 0.5, "epsilon": 0.25, "center": False, "renorm_momentum": 0.75,
    "rate": 0.5, "height": 5, "width": 4, "seed": 3, "keepdims": True, "name": "named",
}  # fmt: skip
REFUSED = ("synchronized", "lora_rank", "lora_alpha", "quantization_config")
layers = pytest.mark.parametrize("name", EXERCISES)


def both(name):
    """Our class and Keras's."""
    exercise = EXERCISES[name]
    module = importlib.import_module(f"solutions.{exercise.unit}.{exercise.name}")
    return getattr(module, name), getattr(keras.layers, name)


def by_position(kind):
    """The names of its arguments, as far as they have a place, and values for them.

    No two settings of weights have the same, so that none can stand in another's place.
    """
    values = {}
    for parameter in inspect.signature(kind).parameters.values():
        name, number = parameter.name, len(values)
        if name.endswith("_initializer"):
            values[name] = keras.initializers.Constant(number)
        elif name.endswith("_regularizer"):
            values[name] = keras.regularizers.L2(number)
        elif name.endswith("_constraint"):
            values[name] = keras.constraints.MaxNorm(number)
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            values[name] = VALUES.get(name, parameter.default)
    return values


@layers
def test_the_whole_signature_is_that_of_keras(name):
    ours, theirs = (inspect.signature(kind).parameters.values() for kind in both(name))
    assert [
        (p.name, p.kind, p.default) for p in ours if p.kind is not p.KEYWORD_ONLY
    ] == [(p.name, p.kind, p.default) for p in theirs]


@layers
def test_every_argument_by_its_place_means_what_it_means_to_keras(name):
    ours, theirs = both(name)
    values = by_position(theirs)
    config = ours(*values.values()).get_config()
    known = theirs(*values.values()).get_config()
    assert {n for n in values if n in known and n not in REFUSED} <= set(config)
    given = [n for n in config if n != "name" or n in values]  # else Keras counts on
    assert {n: config[n] for n in given} == {n: known[n] for n in given}


@layers
def test_what_is_not_built_is_refused_by_its_name(name):
    ours, theirs = both(name)
    values = by_position(theirs)
    for refused in set(values) & set(REFUSED):
        with pytest.raises(ValueError, match=f"{refused} is not built"):
            ours(*(values | {refused: 2}).values())
    if any(n.endswith("_initializer") for n in values):
        with pytest.raises(ValueError, match="int8_from_float32 is quantized"):
            ours(*values.values(), dtype="int8_from_float32")
