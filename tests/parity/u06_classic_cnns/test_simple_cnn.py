"""SimpleCNN against a functional twin in Keras, on the backend in use."""

import re

import keras
import numpy as np
import pytest

from solutions.u03_layers import dense, dropout
from solutions.u05_convolution import conv2d, pooling
from solutions.u06_classic_cnns import simple_cnn
from tests.parity.u06_classic_cnns.comparing import (
    HALVES,
    agree,
    as_array,
    gradients,
    same_after_a_round_trip,
)

LAYERS = {
    "Conv2D": conv2d.Conv2D,
    "MaxPooling2D": pooling.MaxPooling2D,
    "Dense": dense.Dense,
    "Dropout": dropout.Dropout,
}
SIZES = {"even": (8, 8, 1), "odd": (9, 7, 3)}
sizes = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
of_course_layers = pytest.mark.parametrize("SimpleCNN", ["course"], indirect=True)


@pytest.fixture(params=["course", "keras"])
def SimpleCNN(request, monkeypatch):
    """The network, made of the course's layers and of Keras's."""
    places = {"course": LAYERS, "keras": vars(keras.layers)}
    for name in LAYERS:
        monkeypatch.setattr(simple_cnn, name, places[request.param][name])
    return simple_cnn.SimpleCNN


def twin_of(size, filters, units, num_classes, dropout_rate=0.0):
    given = keras.Input(size)
    x = given
    for count in filters:
        x = keras.layers.Conv2D(count, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Dense(units, activation="relu")(keras.layers.Flatten()(x))
    x = keras.layers.Dropout(dropout_rate)(x)
    return keras.Model(given, keras.layers.Dense(num_classes)(x))


def pair(SimpleCNN, rng, size, *arguments, **settings):
    """Our network without dropout and its twin, with the same weights."""
    ours = SimpleCNN(*arguments, dropout_rate=0.0, **settings)
    ours.build((None, *size))
    theirs = twin_of(size, *arguments)
    values = [as_array(w) + rng.normal(0, 0.1, w.shape) for w in theirs.weights]
    for model in (ours, theirs):
        model.set_weights(values)
    return ours, theirs


@sizes
@pytest.mark.parametrize("filters", [(4,), (4, 5)], ids=str)
def test_agrees_with_its_functional_twin(SimpleCNN, rng, size, filters):
    ours, theirs = pair(SimpleCNN, rng, size, filters, 6, 5)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    assert ours.count_params() == theirs.count_params()
    for batch in (1, 3):
        images = rng.normal(size=(batch, *size)).astype("float32")
        agree(ours(images), theirs(images))
        agree(ours(images, training=True), theirs(images, training=True))
    upstream = rng.normal(size=(3, 5))
    for mine, wanted in zip(
        gradients(ours, images, upstream),
        gradients(theirs, images, upstream),
        strict=True,
    ):
        agree(mine, wanted)


@of_course_layers
def test_learns_like_its_twin(SimpleCNN, rng):
    ours, theirs = pair(SimpleCNN, rng, (8, 7, 2), (4, 5), 6, 3)
    images = rng.normal(size=(11, 8, 7, 2)).astype("float32")
    for model in (ours, theirs):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss)
        labels = np.arange(11) % 3
        model.fit(images, labels, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for mine, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        agree(mine, wanted, 1e-3)


def test_drops_in_training_alone(SimpleCNN, rng):
    model = SimpleCNN((4,), 64, 5, dropout_rate=0.5)
    images = rng.normal(size=(3, 8, 8, 1)).astype("float32")
    agree(model(images), model(images), 0)
    first, second = (as_array(model(images, training=True)) for _ in range(2))
    assert not np.allclose(first, second)


def test_the_table_of_simple_cnn_counts_right(SimpleCNN):
    row = r"\| (\d+)×(\d+)×(\d+) .*?\|" + 4 * r" +([\d,]+) \|"
    rows = re.findall(row, SimpleCNN.__doc__)
    assert len(rows) == 3
    for found in rows:
        numbers = [int(text.replace(",", "")) for text in found]
        model = SimpleCNN()
        model.build((None, *numbers[:3]))
        counts = [int(np.prod(w.shape)) for w in model.weights]
        split = [sum(counts[:-4]), sum(counts[-4:-2]), sum(counts[-2:])]
        assert [*split, model.count_params()] == numbers[3:]


@of_course_layers
def test_its_summary_has_a_line_for_each_layer(SimpleCNN):
    model = SimpleCNN((4, 5), 6, 5)
    model.build((None, 8, 7, 3))
    lines = []
    model.summary(line_length=120, print_fn=lines.append)
    rows = "\n".join(lines).splitlines()
    kinds = {type(layer) for layer in model.layers}
    assert kinds >= set(LAYERS.values())
    for layer in model.layers:
        named = f"{layer.name} ({type(layer).__name__})"
        assert len([row for row in rows if named in row]) == 1


@of_course_layers
def test_survives_a_keras_file_and_a_graph(SimpleCNN, rng, tmp_path):
    model = SimpleCNN((4, 5), 6, 5, name="small")
    images = rng.normal(size=(5, 9, 7, 3)).astype("float32")
    model(images)
    same_after_a_round_trip(model, images, tmp_path)
    assert model.compute_output_shape((None, 9, 7, 3)) == (None, 5)


@pytest.mark.parametrize("precision", [*HALVES, "float64"])
def test_hands_its_precision_on(SimpleCNN, rng, precision):
    size = (8, 7, 2)
    ours, theirs = pair(SimpleCNN, rng, size, (4, 5), 6, 3, dtype=precision)
    images = rng.normal(size=(3, *size)).astype("float32")
    logits = ours(images)
    if precision != "float64":  # there Keras's Dense on PyTorch answers in float32
        assert keras.backend.standardize_dtype(logits.dtype) == ours.compute_dtype
    assert {str(w.dtype) for w in ours.weights} == {ours.variable_dtype}
    agree(logits, theirs(images), HALVES.get(precision, 1e-4))


def test_refuses_sizes_that_make_no_network(SimpleCNN):
    for arguments in ((), ((0,),), ((4,), 0), ((4,), 6, -1)):
        with pytest.raises(ValueError):
            SimpleCNN(*(arguments or ((),)))
