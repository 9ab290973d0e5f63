"""Public checks of BottleneckBlock. The oracle is the formula, in Keras's own layers."""

import numpy as np
import pytest
from keras import layers, ops

from course import autodiff


class Twin:
    """relu(F(x) + shortcut(x)), zeros put on each side by Keras's ZeroPadding2D."""

    def __init__(self, channels, filters, strides=1):
        self.first = step(channels, filters, 1, 1)
        self.second = step(filters, filters, 3, strides)
        self.third = step(filters, 4 * filters, 1, 1)
        projects = strides > 1 or channels != 4 * filters
        self.shortcut = step(channels, 4 * filters, 1, strides) if projects else ()
        self.border = layers.ZeroPadding2D(1)
        steps = (*self.first, *self.second, *self.third, *self.shortcut)
        self.weights = [weight for layer in steps for weight in layer.weights]
        self.trainable = [w for w in self.weights if w.trainable]

    def __call__(self, x, training=False):
        x = ops.convert_to_tensor(x)
        y = ops.relu(self.apply(self.first, x, training))
        y = ops.relu(self.apply(self.second, self.border(y), training))
        y = self.apply(self.third, y, training)
        x = self.apply(self.shortcut, x, training) if self.shortcut else x
        return ops.relu(x + y)

    def apply(self, pair, x, training):
        convolution, normalization = pair
        return normalization(convolution(x), training=training)


def step(channels, filters, kernel_size, strides):
    """A convolution and its normalization, built."""
    convolution = layers.Conv2D(filters, kernel_size, strides, use_bias=False)
    normalization = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    convolution.build((None, None, None, channels))
    normalization.build((None, None, None, filters))
    return convolution, normalization


def both(student, rng, shape, filters, strides=1):
    """The student's block and its twin, with the same random weights, and images."""
    twin = Twin(shape[-1], filters, strides)
    values = [random_like(weight, rng) for weight in twin.weights]
    block = student.BottleneckBlock(filters, strides)
    block.build((None, *shape[1:]))
    block.set_weights(values)
    for weight, value in zip(twin.weights, values, strict=True):
        weight.assign(value)
    return block, twin, rng.normal(size=shape).astype("float32")


def random_like(weight, rng):
    if weight.name == "kernel":
        scale = 1 / np.sqrt(np.prod(weight.shape[:-1]))
        return (scale * rng.normal(size=weight.shape)).astype("float32")
    low, high = (-0.5, 0.5) if weight.name in ("beta", "moving_mean") else (0.5, 1.5)
    return rng.uniform(low, high, size=weight.shape).astype("float32")


CASES = {  # channels that come, filters, stride
    "as it comes": (8, 2, 1),
    "more channels": (3, 2, 1),
    "as many as filters": (3, 3, 1),
    "half the size": (8, 2, 2),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.mark.points(2)
@cases
def test_has_a_projection_only_where_the_shape_changes(student, equal, case):
    channels, filters, strides = case
    block = student.BottleneckBlock(filters, strides)
    block.build((None, 6, 8, channels))
    shapes = [tuple(weight.shape) for weight in block.get_weights()]
    expected = [tuple(weight.shape) for weight in Twin(*case).weights]
    equal(shapes, expected, "the list of weight shapes")


@pytest.mark.points(2)
@cases
def test_matches_its_formula(student, rng, close, case):
    channels, filters, strides = case
    block, twin, images = both(student, rng, (2, 6, 8, channels), filters, strides)
    close(block(images), twin(images))


@pytest.mark.parametrize("strides", [2, 3])
def test_matches_its_formula_where_the_stride_leaves_a_rest(
    student, rng, close, strides
):
    block, twin, images = both(student, rng, (2, 7, 5, 2), 3, strides)
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_is_the_identity_while_the_third_normalization_gives_0(student, rng, close):
    block, twin, _ = both(student, rng, (2, 5, 4, 8), 2)
    values = [ops.convert_to_numpy(weight) for weight in twin.weights]
    values[11:13] = np.zeros((2, 8), "float32")  # gamma and beta
    block.set_weights(values)
    images = rng.uniform(0, 2, size=(2, 5, 4, 8)).astype("float32")
    close(block(images), images)


@pytest.mark.points(2)
def test_training_uses_the_batch_and_moves_the_statistics(student, rng, close):
    block, twin, images = both(student, rng, (3, 6, 4, 2), 3, 2)
    close(block(images, training=True), twin(images, training=True))
    moved = [weight for weight in twin.weights if not weight.trainable]
    for found, expected in zip(block.non_trainable_weights, moved, strict=False):
        close(found, expected, f"a {expected.name}", category="wrong_state")


@pytest.mark.points(2)
@pytest.mark.parametrize(  # PyTorch's 1×1 gradient at stride 2 needs 16 channels
    "case", [(8, 2, 1), (16, 16, 2)], ids=["identity", "projection"]
)
def test_gradients_match_those_of_the_formula(student, rng, close, case):
    channels, filters, strides = case
    block, twin, images = both(student, rng, (2, 4, 6, channels), filters, strides)
    upstream = rng.normal(size=ops.shape(twin(images))).astype("float32")
    below, found = student.gradients(block, images, upstream=upstream)
    given, factor = autodiff.watch(images), ops.convert_to_tensor(upstream)
    wanted = autodiff.gradients(
        lambda: ops.sum(twin(given) * factor), [given, *twin.trainable]
    )
    wrong = {"category": "wrong_gradient"}
    close(dict(enumerate(below)).get(0), wanted[0], "the input's gradient", **wrong)
    for mine, theirs, weight in zip(found, wanted[1:], twin.trainable, strict=False):
        close(mine, theirs, f"the gradient of a {weight.name}", **wrong)
