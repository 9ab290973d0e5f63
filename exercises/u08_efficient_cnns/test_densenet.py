"""Public checks of DenseNet. The oracle, its twin, is the docstring in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from autograder.grading.twins.u08_efficient_cnns.densenet import Twin, weights_of
from course import autodiff


def both(student, rng, blocks, shape, stem, batch=2):
    """The student's narrow network and its twin, with the same weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype("float32")
    twin = Twin(rng, blocks, shape[-1], stem, rate=3, classes=5)
    model = student.DenseNet(blocks, 5, stem, 3)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_has_the_weights_of_its_layers_in_order(student, equal, close, stem):
    model = student.DenseNet((1, 2, 1), 5, stem, 4)
    model.build((None, 32, 32, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = [shape for _, shape in weights_of((1, 2, 1), 3, stem, 4, 5)]
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(5)
def test_gives_the_logits_and_gradients_of_its_twin_for_large_images(
    student, rng, close
):
    model, twin, images = both(student, rng, (2, 1), (36, 21, 3), "imagenet")
    close(model(images), twin(images), "the logits")
    upstream = rng.normal(size=(2, 5)).astype("float32")
    below, found = student.gradients(model, images, upstream=upstream)
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


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_small_images(student, rng, close):
    model, twin, images = both(student, rng, (1, 2), (12, 9, 1), "cifar", batch=3)
    close(model(images), twin(images), "the logits")
    close(model(images, training=True), twin(images, training=True),
          "the logits in training")  # fmt: skip
    moved = dict(enumerate(model.non_trainable_weights))
    close(moved.get(len(moved) - 1), twin.statistics[-1],
          "the last moving variance", category="wrong_state")  # fmt: skip
