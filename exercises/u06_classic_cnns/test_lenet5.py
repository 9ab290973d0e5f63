"""Public checks of LeNet5. The oracle is the paper's equations, in NumPy and float64.

Each of the middle checks switches the network off up to some layer, so that what it
sees is right from there on, whatever lies before.
"""

import numpy as np
import pytest

from course import bitmaps

TRAINED = 42  # arrays in the list of weights before the codes
C1, S2, C3, S4, C5, F6 = 0, 2, 4, 36, 38, 40  # where each layer's begin


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


def judge(student, rng, close, weights, what):
    """Compares the student's network with the paper's, on random images."""
    images = rng.normal(size=(2, 32, 32, 1)).astype("float32")
    model = student.LeNet5()
    model(images)  # builds it
    model.set_weights(weights)
    close(model(images), lenet5(images, weights).astype("float32"), what)


@pytest.mark.points(2)
def test_has_the_weights_of_the_paper_in_order(student, rng, equal):
    model = student.LeNet5()
    model(rng.normal(size=(1, 32, 32, 1)).astype("float32"))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    equal(shapes, shapes_of_the_paper(), "the list of weight shapes")


def test_trains_sixty_thousand_parameters(student, rng, equal):
    model = student.LeNet5()
    model(rng.normal(size=(1, 32, 32, 1)).astype("float32"))
    sizes = [np.size(weight) for weight in model.trainable_weights]
    wanted = sum(int(np.prod(shape)) for shape in shapes_of_the_paper()[:TRAINED])
    equal(sum(sizes), wanted, "the number of trained parameters")


def test_the_codes_draw_the_digits(student, rng, close):
    model = student.LeNet5()
    model(rng.normal(size=(1, 32, 32, 1)).astype("float32"))
    wanted = [
        [1.0 if ink else -1.0 for row in digit for ink in row]
        for digit in bitmaps.digits()
    ]
    codes = np.array(wanted, "float32")
    close(model.get_weights()[-1], codes, "the last weight, the codes")


@pytest.mark.points(2)
def test_answers_with_negative_squared_distances(student, rng, close):
    weights = random_weights(rng)
    weights[F6][:] = 0  # F6 shows its bias, squashed
    judge(student, rng, close, weights, "the answer when F6 ignores its input")


def test_c5_and_f6_squash_their_weighted_sums(student, rng, close):
    weights = random_weights(rng)
    weights[C5][:] = 0
    judge(student, rng, close, weights, "the answer when C5 ignores its input")


@pytest.mark.points(2)
def test_s4_weighs_the_sum_of_four_neighbours(student, rng, close):
    weights = random_weights(rng)
    for m in range(16):
        weights[C3 + 2 * m][:] = 0  # every map of C3 shows its bias, squashed
    judge(student, rng, close, weights, "the answer when C3 ignores its input")


@pytest.mark.points(2)
def test_c3_sees_the_maps_of_table_1(student, rng, close):
    weights = random_weights(rng)
    weights[S2][:] = 0  # every map of S2 shows its bias, squashed
    judge(student, rng, close, weights, "the answer when S2 ignores its input")


@pytest.mark.points(3)
def test_matches_the_equations_from_image_to_answer(student, rng, close):
    judge(student, rng, close, random_weights(rng), "the answer")


@pytest.mark.points(2)
def test_gradients_match_finite_differences(student, rng, close, equal):
    images = rng.normal(size=(2, 32, 32, 1)).astype("float32")
    weights = random_weights(rng)
    model = student.LeNet5()
    model(images)
    model.set_weights(weights)
    upstream = rng.normal(size=(2, 10))
    _, gradients = student.gradients(model, images, upstream=upstream)
    equal(len(gradients), TRAINED, "the number of trained weights")
    for place, name in {C1 + 1: "C1's biases", S2: "S2's coefficients"}.items():
        equal(np.shape(gradients[place]), (6,), f"the gradient of {name}, its shape")
        direction = rng.normal(size=6)
        ends = []
        for sign in (1, -1):
            moved = list(weights)
            moved[place] = weights[place] + sign * 1e-3 * direction
            ends.append(np.sum(upstream * lenet5(images, moved)))
        close(np.sum(gradients[place] * direction), (ends[0] - ends[1]) / 2e-3,
              f"the gradient of {name} along a direction drawn at random",
              category="wrong_gradient", tolerance=1e-3)  # fmt: skip
