"""Hidden checks of GoogLeNet: full size, fit, graphs, precisions, bookkeeping."""

import numpy as np
import pytest
from keras import ops

from autograder.grading.twins.u08_efficient_cnns.googlenet import (
    WIDTH,
    random_values,
    shapes_of,
    twin,
)
from course import autodiff


def both(student, rng, shape, stem, auxiliary, batch=2, dtype="float32", **arguments):
    """The student's network without dropout, images, and its twin's outputs."""
    shapes = shapes_of(shape[:2], shape[2], stem, 5, auxiliary)
    values = [value.astype(dtype) for value in random_values(shapes, rng)]
    # So bright that the local response normalization is felt.
    images = (100 * rng.normal(size=(batch, *shape))).astype(dtype)
    rates = {"dropout_rate": 0, "auxiliary_dropout_rate": 0} | arguments
    model = student.GoogLeNet(5, auxiliary, stem, WIDTH, **rates, dtype=dtype)
    model.build((None, *shape))
    model.set_weights(values)
    outputs = twin(images, values, stem)
    return model, images, [ops.convert_to_numpy(output) for output in outputs]


def number_of(outputs):
    return len(outputs) if isinstance(outputs, (list, tuple)) else 1


@pytest.mark.points(2)
def test_has_the_weights_of_table_1_for_images_of_224_pixels(student, equal, close):
    model = student.GoogLeNet(width=WIDTH)
    model.build((None, 224, 224, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of((224, 224), 3, "imagenet", 1000, auxiliary=True)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(2)
@pytest.mark.seconds(30)
def test_the_smallest_large_image_has_one_place_for_each_classifier(
    student, rng, close, equal
):
    model, images, expected = both(student, rng, (65, 70, 2), "imagenet", True, batch=1)
    outputs = model(images, training=True)
    equal(number_of(outputs), 3, "the number of outputs in training")
    for output, logits in zip(outputs, expected, strict=True):
        close(output, logits, "an output in training")


def test_without_auxiliary_classifiers_training_gives_the_logits(student, rng, close):
    model, images, (logits,) = both(student, rng, (3, 5, 2), "cifar", False)
    close(model(images, training=True), logits, "the logits in training")


@pytest.mark.points(2)
def test_is_built_without_knowing_the_size_of_the_image(student, rng, close):
    model = student.GoogLeNet(5, False, "cifar", WIDTH)
    model.build((None, None, None, 2))
    shapes = shapes_of((9, 9), 2, "cifar", 5, auxiliary=False)
    values = [value.astype("float32") for value in random_values(shapes, rng)]
    model.set_weights(values)
    for size in ((7, 10), (4, 3)):
        images = (100 * rng.normal(size=(1, *size, 2))).astype("float32")
        (logits,) = twin(images, values, "cifar")
        close(model(images), logits, f"the logits of images of {size[0]}×{size[1]}")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, images, expected = both(student, rng, (9, 10, 3), "cifar", True, batch=3)
    close(student.predicted(model, images), expected[0], "the logits")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_survives_a_save_and_load(student, rng, close, equal):
    model, images, expected = both(
        student, rng, (10, 9, 2), "cifar", True, auxiliary_dropout_rate=0.0
    )
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), expected[0], "the loaded model's logits")
    outputs = loaded(images, training=True)
    equal(number_of(outputs), 3, "the number of the loaded model's outputs in training")
    for output, logits in zip(outputs, expected, strict=True):
        close(output, logits, "an output of the loaded model in training")
    arguments = [loaded.num_classes, loaded.auxiliary, loaded.stem, loaded.width]
    equal(arguments, [5, True, "cifar", WIDTH], "the loaded model's arguments")


def test_float64_is_computed_in_float64(student, rng, close):
    model, images, (logits,) = both(
        student, rng, (6, 7, 2), "cifar", False, dtype="float64"
    )
    close(model(images), logits, "the logits")


def test_promises_the_shape_it_delivers(student, equal):
    model = student.GoogLeNet(5, stem="cifar", width=WIDTH)
    promised = student.symbolic_shape(model, (None, 9, 11, 1))
    equal(promised, (None, 5), "the promised shape")


@pytest.mark.points(2)
@pytest.mark.seconds(30)
def test_gradients_come_from_all_three_answers(student, rng, close):
    model, images, _ = both(student, rng, (9, 10, 2), "cifar", True)
    below, found = student.gradients(model, images, training=True)
    watched = [autodiff.watch(array) for array in (images, *model.get_weights())]
    wanted = autodiff.gradients(
        lambda: sum(map(ops.sum, twin(watched[0], watched[1:], "cifar"))), watched
    )
    wrong = {"category": "wrong_gradient", "tolerance": 1e-3}
    close(dict(enumerate(below)).get(0), wanted[0], "the images' gradient", **wrong)
    for mine, theirs in zip(found, wanted[1:], strict=False):
        what = f"the gradient of a weight of shape {tuple(theirs.shape)}"
        close(mine, theirs, what, **wrong)


def test_kernels_of_the_stem_begin_as_he_normal(student, close, equal):
    model = student.GoogLeNet(5, False, "cifar", 32)
    model.build((None, 8, 8, 3))
    weights = model.get_weights()
    equal(len(weights), 6 + 9 * 12 + 2, "the number of weights")
    for place, fan_in in ((0, 27), (2, 32), (4, 288)):
        # The smallest of these has 864 numbers: 7 standard deviations are 17 %.
        spread = float(np.std(weights[place]))
        what = "the spread of a kernel of the stem at the start"
        close(spread, float(np.sqrt(2 / fan_in)), what, tolerance=0.18)


def test_refuses_what_it_cannot_work_with(student, equal, raises):
    model = student.GoogLeNet(5, width=WIDTH)
    equal(model.width, WIDTH, "the width that it was given")
    raises(ValueError, model.build, (None, 64, 99, 3))
    raises(ValueError, model.build, (None, None, 99, 3))
    raises(ValueError, student.GoogLeNet(5, False, width=8).build, (None, 9, 9, None))
    raises(ValueError, student.GoogLeNet, 5, stem="mnist")
    raises(ValueError, student.GoogLeNet, 0)
    raises(ValueError, student.GoogLeNet, 5, width=12)


@pytest.mark.points(3)
@pytest.mark.trains
@pytest.mark.seconds(60)
def test_a_step_of_fit_follows_the_gradient_of_all_three_losses(student, rng, close):
    model, images, _ = both(student, rng, (9, 10, 1), "cifar", True, batch=3)
    y = rng.normal(size=(3, 5)).astype("float32")
    before = [np.array(value) for value in model.get_weights()]
    model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    model.optimizer.learning_rate = 1e-3
    model.fit(images, y, batch_size=3, verbose=0)
    watched = [autodiff.watch(value) for value in before]
    target = ops.convert_to_tensor(y)  # PyTorch subtracts no arrays

    def total():
        outputs = twin(images, watched, "cifar")
        first, *others = (ops.mean(ops.square(output - target)) for output in outputs)
        return first + 0.3 * sum(others)

    for value, gradient, after in zip(
        before, autodiff.gradients(total, watched), model.get_weights(), strict=True
    ):
        what = f"the step of a weight of shape {value.shape}"
        step = 1e-3 * ops.convert_to_numpy(gradient)
        close(value - after, step, what, category="wrong_gradient", tolerance=0.02)
