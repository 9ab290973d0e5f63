"""Public checks of SimpleCNN. The oracle is its twin, made of Keras's own layers."""

import keras
import numpy as np
import pytest

from course import autodiff


def twin(shape, filters=(32, 64), units=128, num_classes=10):
    """The same network in Keras's functional API."""
    images = x = keras.Input(shape)
    for count in filters:
        x = keras.layers.Conv2D(count, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(units, activation="relu")(x)
    return keras.Model(images, keras.layers.Dense(num_classes)(x))


def both(student, rng, shape, **sizes):
    """The student's network and its twin, with the same random weights, and images."""
    images = rng.normal(size=(3, *shape)).astype("float32")
    oracle = twin(shape, **sizes)
    values = [spread(rng, weight.shape) for weight in oracle.weights]
    oracle.set_weights(values)
    model = student.SimpleCNN(**sizes)
    model(images)  # builds it
    model.set_weights(values)
    return model, oracle, images


def spread(rng, shape):
    """Random weights that neither blow the images up nor let them vanish."""
    return (rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]) / 2)).astype("float32")


SIZES = {"filters": (4, 3), "units": 7, "num_classes": 5}


@pytest.mark.points(2)
def test_has_the_weights_of_each_layer_in_order(student, rng, equal):
    shape = (9, 6, 2)
    model = student.SimpleCNN(**SIZES)
    model(rng.normal(size=(2, *shape)).astype("float32"))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = [tuple(weight.shape) for weight in twin(shape, **SIZES).weights]
    equal(shapes, expected, "the list of weight shapes")


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (9, 6, 2), (12, 16, 3)], ids=["digits", "odd", "color"]
)
def test_matches_its_twin(student, rng, close, shape):
    model, oracle, images = both(student, rng, shape, **SIZES)
    close(model(images), oracle(images), "the logits")


@pytest.mark.parametrize("filters", [(5,), (2, 4, 3)], ids=["one", "three"])
def test_has_as_many_stages_as_filters(student, rng, close, filters):
    sizes = {**SIZES, "filters": filters}
    model, oracle, images = both(student, rng, (8, 9, 2), **sizes)
    close(model(images), oracle(images), "the logits")


@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3)], ids=["digits", "mnist", "cifar10"]
)
def test_has_as_many_parameters_as_the_table_says(student, rng, equal, shape):
    model = student.SimpleCNN()
    model(rng.normal(size=(1, *shape)).astype("float32"))
    equal(model.count_params(), twin(shape).count_params(), "the number of parameters")


@pytest.mark.points(2)
def test_drops_hidden_units_in_training(student, rng, close, equal):
    images = rng.normal(size=(40, 5, 4, 1)).astype("float32")
    model, hidden, bias = showing_its_hidden_layer(student, rng, images, 0.4)
    close(model(images), hidden + bias, "the logits at inference")
    logits = model(images, training=True)
    equal(np.shape(logits), hidden.shape, "the shape of the logits in training")
    kept = np.asarray(logits) > bias + 1
    close(logits, np.where(kept, hidden / 0.6, 0) + bias, "the logits in training")
    equal(bool(kept.all()), False, "whether every hidden unit is kept in training")


def showing_its_hidden_layer(student, rng, images, dropout_rate):
    """A model whose logits are its hidden layer plus a bias; that layer, all > 5."""
    sizes = {"filters": (3,), "units": 6, "num_classes": 6}
    oracle = twin(images.shape[1:], **sizes)
    values = [spread(rng, weight.shape) for weight in oracle.weights]
    values[-3] += 20  # the hidden layer's bias
    bias = rng.normal(size=6).astype("float32")
    values[-2:] = np.eye(6, dtype="float32"), bias
    oracle.set_weights(values)
    model = student.SimpleCNN(**sizes, dropout_rate=dropout_rate)
    model(images)
    model.set_weights(values)
    return model, keras.ops.convert_to_numpy(oracle(images)) - bias, bias


@pytest.mark.points(2)
def test_gradients_match_those_of_its_twin(student, rng, close):
    model, oracle, images = both(student, rng, (9, 8, 2), **SIZES)
    upstream = rng.normal(size=(3, 5)).astype("float32")
    factor = keras.ops.convert_to_tensor(upstream)
    _, gradients = student.gradients(model, images, upstream=upstream)
    expected = autodiff.gradients(
        lambda: keras.ops.sum(oracle(images) * factor), oracle.trainable_weights
    )
    for found, wanted, weight in zip(gradients, expected, oracle.weights, strict=False):
        what = f"the gradient of a weight of shape {tuple(weight.shape)}"
        close(found, wanted, what, category="wrong_gradient")
