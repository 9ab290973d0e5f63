"""Public checks of FCNN. The oracle is the same network in Keras's functional API."""

import keras
import numpy as np
import pytest
from keras import layers

NAMED = {
    "iris": ((4,), (16, 8), 3, 0.1),
    "digits": ((8, 8), (64, 32), 10, 0.2),
    "mnist": ((28, 28), (512, 256), 10, 0.3),
}


def twin_of(shape, units, num_classes, dropout_rate):
    """The network of the docstring, made of Keras's own layers."""
    given = keras.Input(shape)
    x = layers.Flatten()(given)
    for width in units:
        x = layers.Dense(width, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.Dropout(dropout_rate)(x)
    return keras.Model(given, layers.Dense(num_classes)(x))


def both(student, rng, shape, *args):
    """The twin and the student's network with the same random weights, and an input."""
    twin = twin_of(shape, *args)
    values = []
    for weight in twin.weights:
        low = 0.5 if weight.name == "moving_variance" else -1
        values.append(rng.uniform(low, 1.5, size=weight.shape).astype("float32"))
    twin.set_weights(values)
    model = student.FCNN(*args)
    model.build((None, *shape))
    model.set_weights(values)
    return model, twin, rng.normal(size=(5, *shape)).astype("float32")


@pytest.mark.parametrize("name", NAMED)
def test_has_as_many_parameters_as_the_table_says(student, equal, name):
    shape, *args = NAMED[name]
    model, twin = student.FCNN(*args), twin_of(shape, *args)
    model.build((None, *shape))
    equal(model.count_params(), twin.count_params(), "the number of parameters")
    trainable = sum(np.size(weight) for weight in model.trainable_weights)
    expected = sum(np.prod(weight.shape) for weight in twin.trainable_weights)
    equal(int(trainable), int(expected), "the number of trainable parameters")


@pytest.mark.points(2)
def test_weights_come_in_the_order_of_the_forward_pass(student, equal):
    model, twin = student.FCNN((7, 6), 4, 0.5), twin_of((5,), (7, 6), 4, 0.5)
    model.build((None, 5))
    shapes = [tuple(w.shape) for w in model.get_weights()]
    equal(shapes, [tuple(w.shape) for w in twin.weights], "the list of weight shapes")


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(5,), (3, 4), (3, 4, 2)], ids=str)
def test_gives_the_logits_of_its_functional_twin(student, rng, close, shape):
    model, twin, inputs = both(student, rng, shape, (7, 6), 4, 0.5)
    close(model(inputs), twin(inputs))


@pytest.mark.points(2)
def test_normalizes_with_the_batch_in_training(student, rng, close):
    model, twin, inputs = both(student, rng, (5,), (7, 6), 4, 0.0)
    close(model(inputs, training=True), twin(inputs, training=True))


@pytest.mark.points(2)
def test_moves_the_moving_statistics_in_training(student, rng, close):
    model, twin, inputs = both(student, rng, (5,), (7, 6), 4, 0.0)
    model(inputs, training=True)
    twin(inputs, training=True)
    names = ["first moving mean", "first moving variance"]
    names += ["second moving mean", "second moving variance"]
    statistics = zip(
        model.non_trainable_weights, twin.non_trainable_weights, names, strict=False
    )
    for found, expected, name in statistics:
        close(found, expected, f"the {name}", category="wrong_state")


@pytest.mark.points(2)
def test_drops_everything_before_the_last_layer_at_rate_1(student, rng, close):
    model, twin, inputs = both(student, rng, (5,), (7,), 4, 1.0)
    expected = np.repeat(twin.get_weights()[-1][None], 5, axis=0)  # the bias is left
    close(model(inputs, training=True), expected)


@pytest.mark.points(2)
def test_drops_in_every_block(student, rng, close):
    model, twin, inputs = both(student, rng, (5,), (7, 6), 4, 1.0)
    start = twin.get_weights()[8:10]
    model(inputs, training=True)  # so the second block meets zeros only
    for place, wanted in zip((8, 9), start, strict=True):
        found = dict(enumerate(model.get_weights())).get(place)
        close(found, 0.9 * wanted, "a moving statistic of the second block",
              category="wrong_state")  # fmt: skip


def test_draws_another_mask_in_every_training_call(student, rng, equal):
    model, _, inputs = both(student, rng, (5,), (40, 30), 4, 0.5)
    first, second = (model(inputs, training=True) for _ in range(2))
    equal(np.array_equal(first, second), False, "whether two training calls agree")


@pytest.mark.points(2)
def test_survives_a_save_and_load(student, rng, close):
    model, twin, inputs = both(student, rng, (3, 4), (7, 6), 4, 0.5)
    loaded = student.saved_and_loaded(model, inputs)
    close(loaded(inputs), twin(inputs), "the loaded model's logits")
