"""Hidden checks of LeNet5: the start, graphs, precision, bookkeeping, training."""

import numpy as np
import pytest

from course.data import load

S2, S4 = 2, 36  # where these layers' weights begin
LOGITS = {
    "class_name": "SparseCategoricalCrossentropy",
    "config": {"from_logits": True},
}


def seen_by(m):
    """The maps of S2 that map m of C3 sees: runs of three, of four, two pairs, all."""
    if m < 6:
        steps, first = (0, 1, 2), m
    elif m < 12:
        steps, first = (0, 1, 2, 3), m - 6
    elif m < 15:
        steps, first = (0, 1, 3, 4), m - 12
    else:
        steps, first = range(6), 0
    return sorted((first + step) % 6 for step in steps)


def shapes_of_the_paper():
    """The shapes of all weights, in their order."""
    shapes = [(5, 5, 1, 6), (6,), (6,), (6,)]
    for m in range(16):
        shapes += [(5, 5, len(seen_by(m)), 1), (1,)]
    return [*shapes, (16,), (16,), (5, 5, 16, 120), (120,), (120, 84), (84,), (10, 84)]


def squash(a):
    return 1.7159 * np.tanh(2 / 3 * a)


def convolve(maps, kernel, bias):
    batch, height, width, _ = maps.shape
    a = np.zeros((batch, height - 4, width - 4, kernel.shape[-1]))
    for i in range(height - 4):
        for j in range(width - 4):
            a[:, i, j] = np.tensordot(maps[:, i : i + 5, j : j + 5], kernel, axes=3)
    return squash(a + bias)


def subsample(maps, coefficient, bias):
    batch, height, width, channels = maps.shape
    sums = np.zeros((batch, height // 2, width // 2, channels))
    for i in range(height // 2):
        for j in range(width // 2):
            sums[:, i, j] = maps[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].sum((1, 2))
    return squash(coefficient * sums + bias)


def lenet5(images, weights):
    """The paper's network: negative squared distances (B, 10)."""
    weights = iter([np.asarray(weight, "float64") for weight in weights])
    x = convolve(images, next(weights), next(weights))
    x = subsample(x, next(weights), next(weights))
    maps = [convolve(x[..., seen_by(m)], *pair) for m, pair in enumerate(c3(weights))]
    x = subsample(np.concatenate(maps, axis=-1), next(weights), next(weights))
    x = convolve(x, next(weights), next(weights))[:, 0, 0]
    x = squash(x @ next(weights) + next(weights))
    return -np.sum((x[:, None] - next(weights)) ** 2, axis=-1)


def c3(weights):
    return [(next(weights), next(weights)) for _ in range(16)]


def spread(rng, shape):
    """Random weights that keep the weighted sums where the squashing is not flat."""
    if len(shape) == 1:
        return rng.normal(size=shape).astype("float32") / 2
    return (rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))).astype("float32")


def random_weights(rng):
    """Weights and codes, all random."""
    weights = [spread(rng, shape) for shape in shapes_of_the_paper()]
    weights[-1] = rng.choice([-1, 1], size=(10, 84)).astype("float32")
    return weights


def both(student, rng, batch=2, dtype="float32"):
    """The student's network with random weights, images, and the paper's answer."""
    images = rng.normal(size=(batch, 32, 32, 1)).astype(dtype)
    weights = [weight.astype(dtype) for weight in random_weights(rng)]
    model = student.LeNet5(dtype=dtype)
    model(images)  # builds it
    model.set_weights(weights)
    return model, images, lenet5(images, weights).astype(dtype)


def test_a_batch_of_one(student, rng, close):
    model, images, answer = both(student, rng, batch=1)
    close(model(images), answer, "the answer")


def test_strong_contrast_saturates(student, rng, close):
    model, images, answer = both(student, rng)
    close(model(images), answer, "the answer")
    weights = model.get_weights()
    close(model(1e4 * images), lenet5(1e4 * images, weights).astype("float32"),
          "the answer to images with values in the ten thousands")  # fmt: skip


def test_starts_as_an_average(student, rng, close):
    model = student.LeNet5()
    model(rng.normal(size=(1, 32, 32, 1)).astype("float32"))
    weights = model.get_weights()
    for name, place, channels in (("S2", S2, 6), ("S4", S4, 16)):
        quarters = np.full(channels, 0.25, "float32")
        close(weights[place], quarters, f"{name}'s coefficients at the start")
        zeros = np.zeros(channels, "float32")
        close(weights[place + 1], zeros, f"{name}'s biases at the start")


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, images, answer = both(student, rng, batch=3)
    close(student.predicted(model, images), answer, "the answer")


@pytest.mark.points(2)
def test_survives_a_save_and_load(student, rng, close):
    model, images, answer = both(student, rng)
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), answer, "the loaded model's answer")


def test_float64_is_computed_in_float64(student, rng, close):
    model, images, answer = both(student, rng, dtype="float64")
    close(model(images), answer, "the answer")


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, images, answer = both(student, rng)
    close(model(images), answer, "the answer")
    promised = student.symbolic_shape(model, (None, 32, 32, 1))
    equal(promised, (None, 10), "the promised shape")


def test_refuses_images_of_another_size(student, rng, close, raises):
    model, images, answer = both(student, rng)
    close(model(images), answer, "the answer")
    raises(ValueError, model, images[:, :28, :28])


@pytest.mark.points(3)
@pytest.mark.trains
@pytest.mark.seconds(90)
def test_learns_to_read_digits_and_leaves_the_codes_alone(student, rng, close):
    data = load("digits", size=32)
    chosen = rng.permutation(len(data.x_train))[:240]
    images, labels = 1.275 * data.x_train[chosen] - 0.1, data.y_train[chosen]
    student.seed(int(rng.integers(2**31)))
    model = student.LeNet5()
    model(images[:1])
    codes = model.get_weights()[-1]
    student.trained(
        model, images, labels, epochs=5, batch_size=12, learning_rate=3e-3, loss=LOGITS
    )
    close(model.get_weights()[-1], codes, "the codes after training",
          category="wrong_state")  # fmt: skip
    answer = model.predict(images, verbose=0)
    right = np.mean(np.argmax(answer, axis=-1) == labels)
    close(float(right > 0.8), 1.0, "whether four of five digits seen are recognised")
