"""Hidden checks of MobileNet: sizes, graphs, precisions, bookkeeping."""

import keras
import pytest

from autograder.grading.twins.u08_efficient_cnns.mobilenet import Twin, shapes_of

# On PyTorch Keras's normalizations compute in float32, and each amplifies what the 26
# before it have rounded away.
FLOAT64 = 1e-6 if keras.backend.backend() == "tensorflow" else 1e-3


def both(student, rng, shape, stem, batch=2, dtype="float32"):
    """The student's thin network and its twin, with the same weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype(dtype)
    twin = Twin(rng, 0.09, shape[-1], stem, num_classes=4, dtype=dtype)
    model = student.MobileNet(0.09, num_classes=4, stem=stem, dtype=dtype)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
@pytest.mark.parametrize("alpha", [0.25, 1])
def test_is_as_wide_as_alpha_says(student, equal, alpha):
    model = student.MobileNet(alpha, 3)
    model.build((None, 64, 64, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    equal(shapes, shapes_of(alpha, 3, 3), "the list of the weights' shapes")


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_one_image_with_one_channel(student, rng, close, stem):
    model, twin, images = both(student, rng, (28, 28, 1), stem, batch=1)
    close(model(images), twin(images), "the logits")


@pytest.mark.points(2)
def test_two_steps_of_training_leave_the_same_statistics(student, rng, close):
    model, twin, images = both(student, rng, (16, 24, 1), "cifar", batch=4)
    for scale in (0.5, 20):
        model(scale * images, training=True)
        twin(scale * images, training=True)
        for place, value in zip(twin.moved, twin.statistics, strict=True):
            twin.values[place] = value
    close(model(images), twin(images), "the logits at inference", tolerance=1e-3)


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, twin, images = both(student, rng, (33, 40, 3), "imagenet")
    close(student.predicted(model, images), twin(images), "the logits")


def test_images_of_another_size_than_it_was_built_on(student, rng, close):
    model, twin, _ = both(student, rng, (16, 16, 2), "cifar")
    images = rng.normal(size=(2, 21, 34, 2)).astype("float32")
    close(model(images), twin(images), "the logits")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_survives_a_save_and_load(student, rng, close, equal):
    model, twin, images = both(student, rng, (16, 18, 3), "cifar")
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), twin(images), "the loaded model's logits")
    arguments = [loaded.alpha, loaded.num_classes, loaded.stem]
    equal(arguments, [0.09, 4, "cifar"], "the loaded model's arguments")


def test_float64_is_computed_in_float64(student, rng, close):
    model, twin, images = both(student, rng, (16, 18, 2), "cifar", dtype="float64")
    close(model(images), twin(images), "the logits", tolerance=FLOAT64)


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, twin, images = both(student, rng, (16, 18, 2), "cifar")
    close(model(images), twin(images), "the logits")
    promised = student.symbolic_shape(model, (None, 16, 18, 2))
    equal(promised, (None, 4), "the promised shape")


def test_refuses_what_is_not_in_the_table(student, rng, close, raises):
    model, twin, images = both(student, rng, (16, 18, 2), "cifar")
    close(model(images), twin(images), "the logits")
    raises(ValueError, student.MobileNet, 0.01)
    raises(ValueError, student.MobileNet, "wide")
    raises(ValueError, student.MobileNet, 1.0, stem="mnist")
    raises(ValueError, student.MobileNet, 1.0, num_classes=0)
