"""Hidden checks of SimpleCNN: dropout's statistics, graphs, bookkeeping, training."""

import keras
import numpy as np
import pytest

SIZES = {"filters": (4, 3), "units": 7, "num_classes": 5}
LOGITS = {
    "class_name": "SparseCategoricalCrossentropy",
    "config": {"from_logits": True},
}


def twin(shape, filters, units, num_classes, dtype="float32"):
    """The same network in Keras's functional API."""
    images = x = keras.Input(shape, dtype=dtype)
    same = {"padding": "same", "activation": "relu", "dtype": dtype}
    for count in filters:
        x = keras.layers.Conv2D(count, 3, **same)(x)
        x = keras.layers.MaxPooling2D(2, dtype=dtype)(x)
    x = keras.layers.Flatten(dtype=dtype)(x)
    x = keras.layers.Dense(units, activation="relu", dtype=dtype)(x)
    return keras.Model(images, keras.layers.Dense(num_classes, dtype=dtype)(x))


def both(student, rng, shape, batch=3, dtype="float32", sizes=SIZES, **arguments):
    """The student's network and its twin, with the same random weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype(dtype)
    oracle = twin(shape, **sizes, dtype=dtype)
    values = [spread(rng, weight.shape).astype(dtype) for weight in oracle.weights]
    oracle.set_weights(values)
    model = student.SimpleCNN(**sizes, dtype=dtype, **arguments)
    model(images)  # builds it
    model.set_weights(values)
    return model, oracle, images


def spread(rng, shape):
    """Random weights that neither blow the images up nor let them vanish."""
    return rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]) / 2)


def test_a_batch_of_one(student, rng, close):
    model, oracle, images = both(student, rng, (7, 10, 3), batch=1)
    close(model(images), oracle(images), "the logits")


def test_logits_have_no_activation(student, rng, close):
    model, oracle, images = both(student, rng, (8, 8, 1))
    values = oracle.get_weights()
    values[-1] = values[-1] - 20
    oracle.set_weights(values)
    model.set_weights(values)
    close(model(images), oracle(images), "the logits after their biases went down")


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, oracle, images = both(student, rng, (9, 6, 2))
    close(student.predicted(model, images), oracle(images), "the logits")


@pytest.mark.points(2)
def test_survives_a_save_and_load(student, rng, close, equal):
    model, oracle, images = both(student, rng, (9, 6, 2), dropout_rate=0.3)
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), oracle(images), "the loaded model's logits")
    equal(loaded.dropout_rate, 0.3, "the loaded model's dropout_rate")


def test_float64_is_computed_in_float64(student, rng, close):
    model, oracle, images = both(student, rng, (8, 6, 2), dtype="float64")
    close(model(images), oracle(images), "the logits")


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, oracle, images = both(student, rng, (9, 6, 2))
    close(model(images), oracle(images), "the logits")
    promised = student.symbolic_shape(model, (None, 9, 6, 2))
    equal(promised, (None, 5), "the promised shape")


def test_without_dropout_training_and_inference_agree(student, rng, close):
    model, oracle, images = both(student, rng, (8, 6, 2), dropout_rate=0)
    close(model(images, training=True), oracle(images), "the logits in training")


@pytest.mark.points(2)
def test_drops_the_share_it_is_told_and_other_units_each_time(student, rng, close):
    sizes = {"filters": (2,), "units": 50, "num_classes": 50}
    model, oracle, images = both(
        student, rng, (4, 4, 1), batch=100, sizes=sizes, dropout_rate=0.3
    )
    values = oracle.get_weights()
    values[-3] += 100  # the hidden layer's bias: every unit is on
    values[-2:] = np.eye(50, dtype="float32"), np.zeros(50, "float32")
    model.set_weights(values)
    dropped = [np.asarray(model(images, training=True)) == 0 for _ in range(2)]
    share = np.mean(dropped[0])  # 5,000 draws: 7 standard deviations are 0.045
    close(float(share), 0.3, "the share of dropped units", tolerance=0.15)
    both_times = np.mean(dropped[0] & dropped[1])
    close(float(both_times), 0.09, "the share dropped twice", tolerance=0.35)
    kept_apart = np.mean(dropped[0][:50] & dropped[0][50:])
    close(float(kept_apart), 0.09, "the share dropped in two images", tolerance=0.5)


def test_fit_drops_units_too(student, rng, equal):
    """A unit that is dropped in a step sends no gradient to the logits' kernel."""
    sizes = {"filters": (2,), "units": 100, "num_classes": 2}
    model, oracle, image = both(
        student, rng, (4, 4, 1), batch=1, sizes=sizes, dropout_rate=0.5
    )
    hidden = keras.Model(oracle.input, oracle.layers[-2].output)(image)
    active = keras.ops.convert_to_numpy(hidden)[0] > 0.01
    before = model.get_weights()[-2]
    student.trained(
        model, image, np.zeros(1), optimizer="sgd", learning_rate=1.0, loss=LOGITS
    )
    still = np.all(model.get_weights()[-2] == before, axis=-1)
    equal(bool(np.any(still & active)), True, "whether a step of fit leaves units out")


@pytest.mark.points(2)
@pytest.mark.trains
@pytest.mark.seconds(60)
def test_learns_to_tell_stripes_apart(student, rng, close):
    labels = np.arange(192) % 3
    images = stripes(labels, rng)
    student.seed(int(rng.integers(2**31)))
    model = student.SimpleCNN(filters=(6, 8), units=16, num_classes=3, dropout_rate=0.1)
    student.trained(
        model, images, labels, epochs=15, batch_size=16, learning_rate=4e-3, loss=LOGITS
    )
    fresh = np.arange(90) % 3
    logits = model.predict(stripes(fresh, rng), verbose=0)
    right = np.mean(np.argmax(logits, axis=-1) == fresh)
    close(float(right > 0.9), 1.0, "whether nine of ten new images are recognised")


def stripes(labels, rng):
    """8×8 images: horizontal stripes, vertical ones, a chess board; shifted, noisy."""
    rows, columns = np.mgrid[:8, :8]
    kinds = [rows, columns, rows + columns]
    phases = rng.integers(2, size=len(labels))
    clean = [(kinds[k] + p) % 2 for k, p in zip(labels, phases, strict=True)]
    noisy = np.array(clean) + 0.3 * rng.normal(size=(len(labels), 8, 8))
    return noisy[..., None].astype("float32")


def test_refuses_to_have_no_stage(student, rng, close, raises):
    model, oracle, images = both(student, rng, (8, 6, 2))
    close(model(images), oracle(images), "the logits")
    raises(ValueError, student.SimpleCNN, filters=())
