"""Hidden checks of DenseNet: sizes, graphs, precisions, bookkeeping."""

import keras
import pytest

from autograder.grading.twins.u08_efficient_cnns.densenet import Twin, weights_of

# On PyTorch Keras's normalizations compute in float32, and each amplifies what the ones
# before it have rounded away.
FLOAT64 = 1e-6 if keras.backend.backend() == "tensorflow" else 1e-4


def both(student, rng, shape, stem, batch=2, dtype="float32"):
    """The student's narrow network and its twin, with the same weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype(dtype)
    twin = Twin(rng, (1, 2), shape[-1], stem, rate=2, classes=4, dtype=dtype)
    model = student.DenseNet((1, 2), 4, stem, growth_rate=2, dtype=dtype)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
@pytest.mark.seconds(30)
@pytest.mark.parametrize("depth", [121, 169])
def test_is_as_deep_as_it_says(student, equal, depth):
    blocks = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32)}[depth]
    named = student.DenseNet121 if depth == 121 else student.DenseNet
    model = named(*(() if depth == 121 else (depth,)), num_classes=3, growth_rate=1)
    model.build((None, 32, 32, 1))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = [shape for _, shape in weights_of(blocks, 1, "imagenet", 1, 3)]
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_one_image_with_one_channel(student, rng, close, stem):
    model, twin, images = both(student, rng, (9, 8, 1), stem, batch=1)
    close(model(images), twin(images), "the logits")


@pytest.mark.points(2)
def test_two_steps_of_training_leave_the_same_statistics(student, rng, close):
    model, twin, images = both(student, rng, (9, 8, 1), "imagenet", batch=4)
    for scale in (0.5, 2):
        model(scale * images, training=True)
        twin(scale * images, training=True)
        for place, value in zip(twin.moved, twin.statistics, strict=True):
            twin.values[place] = value
    close(model(images), twin(images), "the logits at inference", tolerance=1e-3)


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, twin, images = both(student, rng, (17, 20, 3), "imagenet")
    close(student.predicted(model, images), twin(images), "the logits")


def test_images_of_another_size_than_it_was_built_on(student, rng, close):
    model, twin, _ = both(student, rng, (12, 12, 2), "cifar")
    images = rng.normal(size=(2, 9, 14, 2)).astype("float32")
    close(model(images), twin(images), "the logits")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_survives_a_save_and_load(student, rng, close, equal):
    model, twin, images = both(student, rng, (8, 6, 3), "cifar")
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), twin(images), "the loaded model's logits")
    arguments = [loaded.num_classes, loaded.stem, loaded.growth_rate]
    equal(arguments, [4, "cifar", 2], "the loaded model's arguments")


def test_float64_is_computed_in_float64(student, rng, close):
    model, twin, images = both(student, rng, (8, 6, 2), "cifar", dtype="float64")
    close(model(images), twin(images), "the logits", tolerance=FLOAT64)


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, twin, images = both(student, rng, (8, 6, 2), "cifar")
    close(model(images), twin(images), "the logits")
    promised = student.symbolic_shape(model, (None, 8, 6, 2))
    equal(promised, (None, 4), "the promised shape")


def test_refuses_what_is_not_listed(student, rng, close, raises):
    model, twin, images = both(student, rng, (8, 6, 2), "cifar")
    close(model(images), twin(images), "the logits")
    raises(ValueError, student.DenseNet, 120)
    raises(ValueError, student.DenseNet, ())
    raises(ValueError, student.DenseNet, (2, 0))
    raises(ValueError, student.DenseNet, 121, stem="mnist")
    raises(ValueError, student.DenseNet, 121, num_classes=0)
