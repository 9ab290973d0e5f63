"""Public checks of GoogLeNet. The oracle, its twin, is table 1 in `keras.ops`."""

import numpy as np
import pytest

from autograder.grading.twins.u08_efficient_cnns.googlenet import (
    WIDTH,
    random_values,
    shapes_of,
    twin,
)


def both(student, rng, shape, stem, auxiliary):
    """The student's network without dropout, images, and its twin's outputs."""
    shapes = shapes_of(shape[:2], shape[2], stem, 5, auxiliary)
    values = [value.astype("float32") for value in random_values(shapes, rng)]
    # So bright that the local response normalization is felt.
    images = (100 * rng.normal(size=(2, *shape))).astype("float32")
    model = student.GoogLeNet(
        5, auxiliary, stem, WIDTH, dropout_rate=0, auxiliary_dropout_rate=0
    )
    model.build((None, *shape))
    model.set_weights(values)
    return model, images, twin(images, values, stem)


def number_of(outputs):
    return len(outputs) if isinstance(outputs, (list, tuple)) else 1


@pytest.mark.points(2)
def test_has_the_weights_of_table_1_in_order(student, equal, close):
    model = student.GoogLeNet(5, stem="imagenet", width=WIDTH)
    model.build((None, 65, 115, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of((65, 115), 3, "imagenet", 5, auxiliary=True)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_large_images(student, rng, close):
    model, images, (logits,) = both(student, rng, (37, 44, 3), "imagenet", False)
    close(model(images), logits, "the logits")


@pytest.mark.points(3)
def test_answers_once_at_inference_and_three_times_in_training(
    student, rng, close, equal
):
    model, images, expected = both(student, rng, (9, 16, 1), "cifar", True)
    close(model(images), expected[0], "the logits at inference")
    outputs = model(images, training=True)
    equal(number_of(outputs), 3, "the number of outputs in training")
    whose = ("the network", "the classifier after 4a", "the classifier after 4d")
    for output, logits, name in zip(outputs, expected, whose, strict=True):
        close(output, logits, f"the logits of {name} in training")


@pytest.mark.points(2)
def test_its_loss_is_that_of_the_logits_and_0_3_times_each_classifiers(
    student, rng, close
):
    model = student.GoogLeNet(5, width=WIDTH)
    model.compile(optimizer="sgd", loss="mse")
    y, *outputs = (rng.normal(size=(3, 5)).astype("float32") for _ in range(4))
    weights = rng.uniform(0.1, 2, size=3).astype("float32")
    for given, what in ((None, ""), (weights, " with weights for the examples")):
        one, two, three = (
            np.average((y - output) ** 2 * (1 if given is None else given[:, None]))
            for output in outputs
        )
        found = model.compute_loss(None, y, outputs[0], given)
        close(found, one, f"the loss of one output{what}")
        found = model.compute_loss(None, y, outputs, given)
        close(found, one + 0.3 * two + 0.3 * three, f"the loss of three outputs{what}")


@pytest.mark.points(3)
def test_drops_what_each_last_layer_reads_in_training(student, rng, close, equal):
    units = 16 * WIDTH  # as many as the last block has channels
    values = [
        np.zeros(shape, "float32")
        for shape in shapes_of((9, 16), 1, "cifar", units, auxiliary=True)
    ]
    read = rng.uniform(1, 2, size=(3, units)).astype("float32")
    ends = np.cumsum([6 * WIDTH, 6 * WIDTH, 2 * WIDTH])
    for place, channels in zip(
        (-25, -21, -17, -15), np.split(read[0], ends), strict=True
    ):
        values[place] = channels  # biases of the last block
    values[-9], values[-3] = read[1:]  # and of the classifiers' hidden layers
    for place in (-14, -8, -2):  # the last layers show what comes to them, and 4 more
        values[place] = np.eye(units, dtype="float32")
        values[place + 1] += 4
    model = student.GoogLeNet(units, True, "cifar", WIDTH)
    model.build((None, 9, 16, 1))
    model.set_weights(values)
    images = rng.normal(size=(2, 9, 16, 1)).astype("float32")
    outputs = model(images, training=True)
    equal(number_of(outputs), 3, "the number of outputs in training")
    for output, all_of_it, rate in zip(outputs, read, (0.4, 0.7, 0.7), strict=True):
        equal(np.shape(output), (2, units), "the shape of the logits in training")
        kept = np.asarray(output) > 4.5
        equal(bool(kept.all()), False, "whether everything is kept in training")
        scaled = 4 + np.where(kept, all_of_it / (1 - rate), 0).astype("float32")
        close(output, scaled, f"the logits at a rate of {rate}")
