"""Public checks of the two blocks. The oracle is their formulas in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from course import autodiff

NORM = ("gamma", "beta", "mean", "variance")


class Twin:
    """Steps of norm, relu and convolution over a list of arrays."""

    def __init__(self, rng, weights, layers=0):
        self.layers = layers  # 0: a transition
        self.values = [random_value(rng, role, shape) for role, shape in weights]
        roles = [role for role, _ in weights]
        self.trained = [i for i, role in enumerate(roles) if role not in NORM[2:]]

    def __call__(self, x, values=None, training=False):
        values = iter(self.values if values is None else values)
        self.statistics = []  # what training makes of the moving ones

        def step(x):
            gamma, beta, *moving, kernel = (
                ops.convert_to_tensor(next(values)) for _ in range(5)
            )
            mean, variance = moving
            if training:
                mean = ops.mean(x, (0, 1, 2))
                variance = ops.mean(ops.square(x - mean), (0, 1, 2))
                for old, new in zip(moving, (mean, variance), strict=True):
                    now = ops.convert_to_numpy(0.9 * old + 0.1 * new)
                    self.statistics.append(now)
            x = (x - mean) / ops.sqrt(variance + 1e-5) * gamma + beta
            return ops.conv(ops.relu(x), kernel, 1, "same")

        x = ops.convert_to_tensor(x)
        if self.layers:
            for _ in range(self.layers):
                x = ops.concatenate([x, step(step(x))], axis=-1)
            return x
        x = step(x)
        height, width = 2 * (x.shape[1] // 2), 2 * (x.shape[2] // 2)
        upper, lower = x[:, 0:height:2, :width], x[:, 1:height:2, :width]
        return ((upper + lower)[:, :, 0::2] + (upper + lower)[:, :, 1::2]) / 4


def step_of(seen, filters, size):
    """Roles and shapes of a normalization and the convolution behind it."""
    return [*((r, (seen,)) for r in NORM), ("kernel", (size, size, seen, filters))]


def dense_weights(channels, layers, rate):
    """Roles and shapes of all weights of a dense block, in order."""
    found = []
    for number in range(layers):
        found += step_of(channels + number * rate, 4 * rate, 1)
        found += step_of(4 * rate, rate, 3)
    return found


def random_value(rng, role, shape):
    if role == "kernel":
        value = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))
    else:
        low = 0.5 if role in ("gamma", "variance") else -0.5
        value = rng.uniform(low, low + 1, size=shape)
    return value.astype("float32")


def dense(student, rng, shape, layers, rate):
    """The student's dense block and its twin, with the same weights, and images."""
    twin = Twin(rng, dense_weights(shape[-1], layers, rate), layers)
    return with_weights(student.DenseBlock(layers, rate), twin, shape, rng)


def transition(student, rng, shape, compression):
    """The same for a transition."""
    twin = Twin(rng, step_of(shape[-1], int(compression * shape[-1]), 1))
    return with_weights(student.TransitionBlock(compression), twin, shape, rng)


def with_weights(block, twin, shape, rng):
    block.build((None, *shape[1:]))
    block.set_weights(twin.values)
    return block, twin, rng.normal(size=shape).astype("float32")


@pytest.mark.points(2)
def test_a_dense_block_has_the_weights_of_its_layers_in_order(student, equal, close):
    block = student.DenseBlock(3, 2)
    block.build((None, 6, 8, 5))
    shapes = [tuple(weight.shape) for weight in block.get_weights()]
    expected = [shape for _, shape in dense_weights(5, 3, 2)]
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(2)
@pytest.mark.parametrize("layers", [1, 3])
def test_a_dense_block_matches_its_formula(student, rng, close, layers):
    block, twin, images = dense(student, rng, (2, 6, 5, 3), layers, 2)
    close(block(images), twin(images))


def test_a_dense_block_gives_its_input_first_as_it_was(student, rng, close):
    block, twin, images = dense(student, rng, (2, 3, 4, 5), 2, 3)
    found = block(images)
    close(found, twin(images))
    close(found[..., :5], images, "the first channels")


@pytest.mark.points(2)
def test_a_dense_block_in_training_uses_the_batch(student, rng, close):
    block, twin, images = dense(student, rng, (3, 4, 5, 2), 2, 3)
    close(block(images, training=True), twin(images, training=True))
    moved = dict(enumerate(block.non_trainable_weights))
    for place, expected in enumerate(twin.statistics):
        what = f"the moving {('mean', 'variance')[place % 2]} of a normalization"
        close(moved.get(place), expected, what, category="wrong_state")


@pytest.mark.points(2)
def test_a_transition_has_the_weights_of_its_layers_in_order(student, equal, close):
    block = student.TransitionBlock(0.5)
    block.build((None, 6, 8, 7))
    shapes = [tuple(weight.shape) for weight in block.get_weights()]
    expected = [shape for _, shape in step_of(7, 3, 1)]
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


CASES = {  # batch, height, width and channels; compression
    "half of the channels": ((2, 6, 8, 6), 0.5),
    "odd sizes": ((3, 7, 5, 9), 0.25),
    "all channels": ((2, 4, 7, 3), 1.0),
}


@pytest.mark.points(2)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_transition_matches_its_formula(student, rng, close, case):
    block, twin, images = transition(student, rng, *case)
    close(block(images), twin(images))


def test_a_transition_in_training_uses_the_batch(student, rng, close):
    block, twin, images = transition(student, rng, (3, 4, 6, 5), 0.5)
    close(block(images, training=True), twin(images, training=True))
    moved = dict(enumerate(block.non_trainable_weights))
    for place, expected in enumerate(twin.statistics):
        what = f"the moving {('mean', 'variance')[place]}"
        close(moved.get(place), expected, what, category="wrong_state")


@pytest.mark.points(2)
@pytest.mark.parametrize("kind", ["dense block", "transition"])
def test_gradients_match_those_of_the_formula(student, rng, close, kind):
    if kind == "transition":
        block, twin, images = transition(student, rng, (2, 4, 6, 5), 0.5)
    else:
        block, twin, images = dense(student, rng, (2, 4, 3, 3), 2, 2)
    upstream = rng.normal(size=ops.shape(twin(images))).astype("float32")
    below, found = student.gradients(block, images, upstream=upstream)
    given, factor = autodiff.watch(images), ops.convert_to_tensor(upstream)
    values = list(twin.values)
    for place in twin.trained:
        values[place] = autodiff.watch(values[place])
    watched = [given, *(values[place] for place in twin.trained)]
    wanted = autodiff.gradients(lambda: ops.sum(twin(given, values) * factor), watched)
    wrong = {"category": "wrong_gradient"}
    close(dict(enumerate(below)).get(0), wanted[0], "the input's gradient", **wrong)
    for mine, theirs in zip(found, wanted[1:], strict=False):
        what = f"the gradient of a weight of shape {tuple(theirs.shape)}"
        close(mine, theirs, what, **wrong)
