"""Public checks of VGG. The oracle is table 1, written out in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from course import autodiff

CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
SIZES = {"num_classes": 5, "units": 7, "width": 2}
SHAPE = (66, 35, 3)  # after five poolings 2×1


def shapes_of(depth, shape, num_classes, units, width):
    """The shapes of all weights, in order."""
    height, breadth, seen = shape
    shapes = []
    for filters, count in zip((1, 2, 4, 8, 8), CONVOLUTIONS[depth], strict=True):
        filters *= width
        for _ in range(count):
            shapes += [(3, 3, seen, filters), (filters,)]
            seen = filters
    seen *= (height // 32) * (breadth // 32)
    for wide in (units, units, num_classes):
        shapes += [(seen, wide), (wide,)]
        seen = wide
    return shapes


def twin(images, values, depth):
    """The network of the docstring, with a list of arrays for its weights."""
    values = iter([ops.convert_to_tensor(value) for value in values])
    x = ops.convert_to_tensor(images)
    for count in CONVOLUTIONS[depth]:
        for _ in range(count):
            x = ops.relu(ops.conv(x, next(values), 1, "same") + next(values))
        x = ops.max_pool(x, 2, 2, "valid")
    x = ops.reshape(x, (x.shape[0], -1))
    for last in (False, False, True):
        x = ops.sum(x[:, :, None] * next(values), axis=1) + next(values)
        x = x if last else ops.relu(x)
    return x


def random_values(shapes, rng):
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        yield (scale * rng.normal(size=shape)).astype("float32")


def both(student, rng, depth, shape=SHAPE, batch=2):
    """The student's network with random weights, these weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype("float32")
    values = list(random_values(shapes_of(depth, shape, **SIZES), rng))
    model = student.VGG16(**SIZES) if depth == 16 else student.VGG(depth, **SIZES)
    model(images)  # builds it
    model.set_weights(values)
    return model, values, images


@pytest.mark.points(2)
@pytest.mark.parametrize("depth", [13, 19])
def test_has_the_weights_of_table_1_in_order(student, equal, close, depth):
    model = student.VGG(depth, **SIZES)
    model.build((None, 64, 96, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of(depth, (64, 96, 3), **SIZES)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(3)
@pytest.mark.parametrize("depth", [11, 16])
def test_gives_the_logits_of_its_twin(student, rng, close, depth):
    model, values, images = both(student, rng, depth)
    close(model(images), twin(images, values, depth), "the logits")


def test_hidden_layers_and_logits_are_as_in_the_table(student, rng, close):
    model, values, images = both(student, rng, 11, shape=(32, 32, 1))
    values[-6] *= 0  # the first hidden layer shows its biases
    values[-1] -= 2  # no logit may be cut off at 0
    model.set_weights(values)
    answer = twin(images, values, 11)
    close(model(images), answer, "the logits when the image is ignored")


@pytest.mark.points(2)
def test_drops_units_of_both_hidden_layers_in_training(student, rng, close, equal):
    sizes = {"num_classes": 30, "units": 30, "width": 1}
    images = rng.normal(size=(8, 32, 32, 1)).astype("float32")
    values = [np.zeros(s) for s in shapes_of(11, (32, 32, 1), **sizes)]
    hidden = rng.uniform(1, 2, size=30).astype("float32")
    values[-5] = hidden  # the first hidden layer; the others hand it on
    values[-4] = values[-2] = np.eye(30)
    model = student.VGG(11, **sizes, dropout_rate=0.4)
    model(images)
    model.set_weights([value.astype("float32") for value in values])
    close(model(images), np.tile(hidden, (8, 1)), "the logits at inference")
    logits = model(images, training=True)
    equal(np.shape(logits), (8, 30), "the shape of the logits in training")
    kept = np.asarray(logits) > 0.5
    twice = np.where(kept, hidden / 0.6**2, 0).astype("float32")
    close(logits, twice, "the logits in training")
    equal(bool(kept.all()), False, "whether every unit is kept in training")


def test_kernels_start_as_he_normal(student, equal, close):
    model = student.VGG(11, num_classes=3, units=64, width=8)
    model.build((None, 32, 32, 3))
    weights = model.get_weights()
    expected = shapes_of(11, (32, 32, 3), num_classes=3, units=64, width=8)
    equal(len(weights), len(expected), "the number of weights")
    # The smallest of these has 2,304 numbers: 7 standard deviations are 10 %.
    for place in (4, 8, 12, -6, -4):
        fan_in = np.prod(expected[place][:-1])
        what = f"the spread of a kernel of shape {expected[place]} at the start"
        spread = float(np.std(weights[place]))
        close(spread, float(np.sqrt(2 / fan_in)), what, tolerance=0.15)


@pytest.mark.points(2)
def test_gradients_match_those_of_its_twin(student, rng, close):
    model, values, images = both(student, rng, 11, shape=(32, 40, 2))
    upstream = rng.normal(size=(2, 5)).astype("float32")
    below, found = student.gradients(model, images, upstream=upstream)
    factor = ops.convert_to_tensor(upstream)
    watched = [autodiff.watch(array) for array in (images, *values)]
    wanted = autodiff.gradients(
        lambda: ops.sum(twin(watched[0], watched[1:], 11) * factor), watched
    )
    wrong = {"category": "wrong_gradient", "tolerance": 1e-3}
    close(dict(enumerate(below)).get(0), wanted[0], "the images' gradient", **wrong)
    for mine, theirs in zip(found, wanted[1:], strict=False):
        what = f"the gradient of a weight of shape {tuple(theirs.shape)}"
        close(mine, theirs, what, **wrong)
