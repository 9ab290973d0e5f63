"""Public checks of DepthwiseSeparableBlock. The oracle is the formula in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from course import autodiff


class Twin:
    """relu6(norm(pointwise(relu6(norm(depthwise(x)))))) over a list of arrays."""

    def __init__(self, rng, channels, filters, strides):
        self.strides = strides
        self.values = list(random_values(shapes_of(channels, filters), rng))
        self.trained = [0, 1, 2, 5, 6, 7]

    def __call__(self, x, values=None, training=False):
        self.statistics = []  # what training makes of the moving ones
        values = self.values if values is None else values
        depthwise, *first, pointwise = (ops.convert_to_tensor(v) for v in values[:6])
        second = [ops.convert_to_tensor(v) for v in values[6:]]
        x = ops.convert_to_tensor(x)
        x = ops.depthwise_conv(x, depthwise, self.strides, "same")
        x = ops.clip(self.normalized(x, first, training), 0, 6)
        x = ops.einsum("bhwc,cf->bhwf", x, pointwise[0, 0])
        return ops.clip(self.normalized(x, second, training), 0, 6)

    def normalized(self, x, settings, training):
        gamma, beta, mean, variance = settings
        if training:
            moving, axes = (mean, variance), (0, 1, 2)
            mean = ops.mean(x, axes)
            variance = ops.mean(ops.square(x - mean), axes)
            for old, new in zip(moving, (mean, variance), strict=True):
                self.statistics.append(ops.convert_to_numpy(0.99 * old + 0.01 * new))
        return (x - mean) / ops.sqrt(variance + 1e-3) * gamma + beta


def shapes_of(channels, filters):
    """The shapes of all weights, in order."""
    depthwise, pointwise = (3, 3, channels, 1), (1, 1, channels, filters)
    return [depthwise, *4 * [(channels,)], pointwise, *4 * [(filters,)]]


def random_values(shapes, rng):
    """Values with which each relu6 meets numbers below 0, between, and above 6."""
    for place, shape in enumerate(shapes):
        role = place % 5
        if role == 0:
            seen = 9 if shape[-1] == 1 and shape[0] == 3 else shape[-2]
            value = rng.normal(size=shape) / np.sqrt(seen)
        elif role == 4:
            value = rng.uniform(0.03, 0.1, size=shape)
        else:
            low = 0.5 if role == 1 else -0.5
            value = rng.uniform(low, low + 1, size=shape)
        yield value.astype("float32")


def both(student, rng, shape, filters, strides=1):
    """The student's block and its twin, with the same random weights, and images."""
    twin = Twin(rng, shape[-1], filters, strides)
    block = student.DepthwiseSeparableBlock(filters, strides)
    block.build((None, *shape[1:]))
    block.set_weights(twin.values)
    return block, twin, rng.normal(size=shape).astype("float32")


@pytest.mark.points(2)
def test_has_the_weights_of_its_four_layers_in_order(student, equal):
    block = student.DepthwiseSeparableBlock(5, 2)
    block.build((None, 6, 8, 3))
    shapes = [tuple(weight.shape) for weight in block.get_weights()]
    equal(shapes, shapes_of(3, 5), "the list of weight shapes")


CASES = {  # batch, height, width and channels; filters, stride
    "more channels": ((2, 5, 4, 3), 5, 1),
    "as it comes": ((2, 4, 5, 3), 3, 1),
    "half the size": ((2, 6, 8, 4), 3, 2),
    "an odd size": ((3, 7, 5, 2), 4, 2),
}


@pytest.mark.points(2)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_matches_its_formula(student, rng, close, case):
    block, twin, images = both(student, rng, *case)
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_training_uses_the_batch_and_moves_the_statistics(student, rng, close):
    block, twin, images = both(student, rng, (3, 6, 4, 2), 3, 2)
    close(block(images, training=True), twin(images, training=True))
    moved = dict(enumerate(block.non_trainable_weights))
    for place, expected in enumerate(twin.statistics):
        what = f"the moving {('mean', 'variance')[place % 2]} of a normalization"
        close(moved.get(place), expected, what, category="wrong_state")


@pytest.mark.points(2)
@pytest.mark.parametrize("strides", [1, 2])
def test_gradients_match_those_of_the_formula(student, rng, close, strides):
    block, twin, images = both(student, rng, (2, 4, 6, 3), 4, strides)
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
