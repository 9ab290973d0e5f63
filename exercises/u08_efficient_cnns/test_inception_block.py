"""Public checks of InceptionBlock and AuxiliaryClassifier.

The oracles are figure 2b and the list in section 5, in `keras.ops`.
"""

import numpy as np
import pytest
from keras import ops

from course import autodiff

BRANCHES = {"1×1": [0], "3×3": [1, 2], "5×5": [3, 4], "pooling": [5]}  # convolutions


def block_shapes(channels, c1, r3, c3, r5, c5, projected):
    """The shapes of the block's weights, in order."""
    steps = [(1, channels, c1), (1, channels, r3), (3, r3, c3)]
    steps += [(1, channels, r5), (5, r5, c5), (1, channels, projected)]
    return [
        shape
        for size, seen, made in steps
        for shape in ((size, size, seen, made), (made,))
    ]


def block_twin(x, values):
    """The four branches, with a list of arrays for the weights."""
    values = [ops.convert_to_tensor(value) for value in values]

    def convolution(x, place):
        kernel, bias = values[2 * place : 2 * place + 2]
        return ops.relu(ops.conv(x, kernel, 1, "same") + bias)

    x = ops.convert_to_tensor(x)
    columns = [
        convolution(x, 0),
        convolution(convolution(x, 1), 2),
        convolution(convolution(x, 3), 4),
        convolution(ops.max_pool(x, 3, 1, "same"), 5),
    ]
    return ops.concatenate(columns, axis=-1)


def classifier_shapes(shape, num_classes, filters, units):
    """The shapes of the classifier's weights, in order."""
    height, width, channels = shape
    seen = filters * ((height - 5) // 3 + 1) * ((width - 5) // 3 + 1)
    shapes = [(1, 1, channels, filters), (filters,), (seen, units), (units,)]
    return [*shapes, (units, num_classes), (num_classes,)]


def classifier_twin(x, values):
    """The classifier without dropout, with a list of arrays for the weights."""
    kernel, *values = [ops.convert_to_tensor(value) for value in values]
    x = ops.average_pool(ops.convert_to_tensor(x), 5, 3, "valid")
    x = ops.relu(ops.einsum("bhwc,cf->bhwf", x, kernel[0, 0]) + values[0])
    x = ops.reshape(x, (x.shape[0], -1))
    x = ops.relu(ops.sum(x[:, :, None] * values[1], axis=1) + values[2])
    return ops.sum(x[:, :, None] * values[3], axis=1) + values[4]


def random_values(shapes, rng):
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        yield (scale * rng.normal(size=shape)).astype("float32")


def random_block(student, rng, shape, sizes):
    """The student's block with random weights, these weights, and images."""
    values = list(random_values(block_shapes(shape[-1], *sizes), rng))
    block = student.InceptionBlock(*sizes)
    block.build((None, *shape[1:]))
    block.set_weights(values)
    # Most numbers are below zero: a border of zeros would be the maximum.
    return block, values, (rng.normal(size=shape) - 1).astype("float32")


def random_classifier(student, rng, shape, num_classes, **sizes):
    """The student's classifier with random weights, these weights, and images."""
    shapes = classifier_shapes(shape[1:], num_classes, sizes["filters"], sizes["units"])
    values = list(random_values(shapes, rng))
    classifier = student.AuxiliaryClassifier(num_classes, **sizes)
    classifier.build((None, *shape[1:]))
    classifier.set_weights(values)
    return classifier, values, rng.normal(size=shape).astype("float32")


SIZES = (4, 3, 5, 2, 3, 6)


@pytest.mark.points(2)
def test_the_block_has_the_weights_of_six_convolutions_in_order(student, equal):
    block = student.InceptionBlock(*SIZES)
    block.build((None, 6, 8, 7))
    shapes = [tuple(weight.shape) for weight in block.get_weights()]
    equal(shapes, block_shapes(7, *SIZES), "the list of weight shapes")


@pytest.mark.parametrize("branch", BRANCHES)
def test_each_branch_of_the_block_alone(student, rng, close, branch):
    block, values, images = random_block(student, rng, (2, 6, 7, 5), SIZES)
    for place in range(6):
        if place not in BRANCHES[branch]:
            values[2 * place : 2 * place + 2] = [
                np.zeros_like(value) for value in values[2 * place : 2 * place + 2]
            ]
    block.set_weights(values)
    what = f"the block's output where all branches but {branch} have zero weights"
    close(block(images), block_twin(images, values), what)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(2, 7, 5, 3), (3, 4, 6, 2)], ids=["odd", "even"])
def test_the_block_matches_figure_2b(student, rng, close, shape):
    block, values, images = random_block(student, rng, shape, (2, 4, 3, 1, 5, 2))
    close(block(images), block_twin(images, values))


@pytest.mark.points(2)
def test_the_blocks_gradients_match_those_of_the_figure(student, rng, close):
    block, values, images = random_block(student, rng, (2, 5, 4, 3), SIZES)
    given_back(student, rng, close, block, block_twin, images, values)


@pytest.mark.points(2)
def test_the_classifier_has_the_weights_of_its_list_in_order(student, equal):
    sizes = {"num_classes": 5, "filters": 2, "units": 7}
    classifier = student.AuxiliaryClassifier(**sizes)
    classifier.build((None, 14, 11, 3))
    shapes = [tuple(weight.shape) for weight in classifier.get_weights()]
    expected = classifier_shapes((14, 11, 3), **sizes)
    equal(shapes, expected, "the list of weight shapes")


@pytest.mark.points(2)
@pytest.mark.parametrize("size", [(14, 11), (5, 8)], ids=["large", "small"])
def test_the_classifier_matches_its_list(student, rng, close, size):
    classifier, values, images = random_classifier(
        student, rng, (3, *size, 4), 5, filters=3, units=6
    )
    close(classifier(images), classifier_twin(images, values), "the logits")


@pytest.mark.points(2)
def test_the_classifier_drops_units_of_the_hidden_layer_in_training(
    student, rng, close, equal
):
    sizes = {"filters": 2, "units": 40}
    images = rng.normal(size=(8, 5, 5, 3)).astype("float32")
    values = [np.zeros(s) for s in classifier_shapes((5, 5, 3), 40, **sizes)]
    values[1] = rng.uniform(1, 2, size=2)  # the biases are all that is left
    values[2] = rng.uniform(1, 2, size=(2, 40))
    hidden = values[1] @ values[2]
    values[4] = np.eye(40)  # the last layer shows the hidden one
    classifier = student.AuxiliaryClassifier(40, **sizes)
    classifier.build((None, 5, 5, 3))
    classifier.set_weights([value.astype("float32") for value in values])
    logits = classifier(images, training=True)
    equal(np.shape(logits), (8, 40), "the shape of the logits in training")
    kept = np.asarray(logits) > 0.5
    scaled = np.where(kept, hidden / 0.3, 0).astype("float32")
    close(logits, scaled, "the hidden layer in training")
    equal(bool(kept.all()), False, "whether every unit is kept in training")
    close(classifier(images), np.tile(hidden, (8, 1)), "the hidden layer at inference")


@pytest.mark.points(2)
def test_the_classifiers_gradients_match_those_of_its_list(student, rng, close):
    classifier, values, images = random_classifier(
        student, rng, (2, 8, 9, 3), 4, filters=3, units=5
    )
    given_back(student, rng, close, classifier, classifier_twin, images, values)


def given_back(student, rng, close, layer, twin, images, values):
    """Compares the gradients of the images and of every weight."""
    upstream = rng.normal(size=ops.shape(twin(images, values))).astype("float32")
    below, found = student.gradients(layer, images, upstream=upstream)
    factor = ops.convert_to_tensor(upstream)
    watched = [autodiff.watch(array) for array in (images, *values)]
    wanted = autodiff.gradients(
        lambda: ops.sum(twin(watched[0], watched[1:]) * factor), watched
    )
    wrong = {"category": "wrong_gradient"}
    close(dict(enumerate(below)).get(0), wanted[0], "the images' gradient", **wrong)
    for mine, theirs in zip(found, wanted[1:], strict=False):
        what = f"the gradient of a weight of shape {tuple(theirs.shape)}"
        close(mine, theirs, what, **wrong)
