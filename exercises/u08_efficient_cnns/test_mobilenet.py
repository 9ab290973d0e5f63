"""Public checks of MobileNet. The oracle, its twin, is the table in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from autograder.grading.twins.u08_efficient_cnns.mobilenet import Twin, shapes_of
from course import autodiff


def both(student, rng, shape, stem, batch=2):
    """The student's thin network and its twin, with the same weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype("float32")
    twin = Twin(rng, 0.13, shape[-1], stem, num_classes=5)
    model = student.MobileNet(0.13, 5, stem)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
def test_has_the_weights_of_the_table_in_order(student, equal, close):
    model = student.MobileNet(0.05, num_classes=5)
    model.build((None, 32, 32, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of(0.05, 3, 5)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(5)
def test_gives_the_logits_and_gradients_of_its_twin_for_large_images(
    student, rng, close
):
    model, twin, images = both(student, rng, (72, 40, 3), "imagenet")
    close(model(images), twin(images), "the logits")
    images = images[:, :33, :24]  # few values, so that none lies on an edge of relu6
    upstream = rng.normal(size=(2, 5)).astype("float32")
    below, found = student.gradients(model, images, upstream=upstream)
    given, factor = autodiff.watch(images), ops.convert_to_tensor(upstream)
    values = list(twin.values)
    for place in twin.trained:
        values[place] = autodiff.watch(values[place])
    watched = [given, *(values[place] for place in twin.trained)]
    wanted = autodiff.gradients(lambda: ops.sum(twin(given, values) * factor), watched)
    wrong = {"category": "wrong_gradient", "tolerance": 1e-3}
    close(dict(enumerate(below)).get(0), wanted[0], "the input's gradient", **wrong)
    for mine, theirs in zip(found, wanted[1:], strict=False):
        what = f"the gradient of a weight of shape {tuple(theirs.shape)}"
        close(mine, theirs, what, **wrong)


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_small_images_in_training(student, rng, close):
    model, twin, images = both(student, rng, (32, 20, 1), "cifar", batch=3)
    close(model(images, training=True), twin(images, training=True), "the logits")
    for place, expected in zip((0, 1), twin.statistics, strict=False):
        found = dict(enumerate(model.non_trainable_weights)).get(place)
        close(found, expected, "a statistic of the stem", category="wrong_state")
