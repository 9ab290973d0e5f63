"""Hidden checks of GoogLeNet: full size, fit, graphs, precisions, bookkeeping."""

import numpy as np
import pytest
from keras import ops

from course import autodiff

TABLE = """
    3a  64  96 128 16  32  32
    3b 128 128 192 32  96  64
    4a 192  96 208 16  48  64
    4b 160 112 224 24  64  64
    4c 128 128 256 24  64  64
    4d 112 144 288 32  64  64
    4e 256 160 320 32 128 128
    5a 256 160 320 32 128 128
    5b 384 192 384 48 128 128
"""
WIDTH = 8  # of the stem, 64 in the paper


def table():
    """Name and six numbers of each block."""
    for line in TABLE.split("\n")[1:-1]:
        name, *numbers = line.split()
        yield name, [int(number) * WIDTH // 64 for number in numbers]


def shapes_of(size, channels, stem, num_classes, auxiliary):
    """The shapes of all weights, in order; `size` is that of the images."""

    def convolution(window, seen, filters):
        return [(window, window, seen, filters), (filters,)]

    def classifier(seen):
        places = np.prod([(n - 5) // 3 + 1 for n in at_4])
        flat, units = int(places) * 2 * WIDTH, 16 * WIDTH
        shapes = convolution(1, seen, 2 * WIDTH) + [(flat, units), (units,)]
        return [*shapes, (units, num_classes), (num_classes,)]

    large = stem == "imagenet"
    at_4 = [-(-n // (16 if large else 2)) for n in size]
    shapes = convolution(7 if large else 3, channels, WIDTH)
    shapes += convolution(1, WIDTH, WIDTH) + convolution(3, WIDTH, 3 * WIDTH)
    seen, behind = 3 * WIDTH, []
    for name, (c1, r3, c3, r5, c5, projected) in table():
        shapes += convolution(1, seen, c1) + convolution(1, seen, r3)
        shapes += convolution(3, r3, c3) + convolution(1, seen, r5)
        shapes += convolution(5, r5, c5) + convolution(1, seen, projected)
        seen = c1 + c3 + c5 + projected
        if auxiliary and name in ("4a", "4d"):
            behind += classifier(seen)
    return [*shapes, (seen, num_classes), (num_classes,), *behind]


def twin(images, values, stem):
    """The logits, and those of the classifiers if there are weights for them."""
    values = [ops.convert_to_tensor(value) for value in values]
    begin, end = values[:6], values[6 + 9 * 12 :]

    def convolution(x, pair, stride=1):
        return ops.relu(ops.conv(x, pair[0], stride, "same") + pair[1])

    def dense(x, pair):
        return ops.sum(x[:, :, None] * pair[0], axis=1) + pair[1]

    def half(x):
        return ops.max_pool(x, 3, 2, "same")

    def block(x, weights):
        pairs = [weights[place : place + 2] for place in range(0, 12, 2)]
        three = convolution(convolution(x, pairs[1]), pairs[2])
        five = convolution(convolution(x, pairs[3]), pairs[4])
        pooled = convolution(ops.max_pool(x, 3, 1, "same"), pairs[5])
        return ops.concatenate([convolution(x, pairs[0]), three, five, pooled], -1)

    def classifier(x, weights):
        x = convolution(ops.average_pool(x, 5, 3, "valid"), weights[:2])
        x = ops.reshape(x, (x.shape[0], -1))
        return dense(ops.relu(dense(x, weights[2:4])), weights[4:])

    large = stem == "imagenet"
    x = convolution(ops.convert_to_tensor(images), begin[:2], 2 if large else 1)
    x = normalized(half(x) if large else x)
    x = normalized(convolution(convolution(x, begin[2:4]), begin[4:]))
    x, answers = half(x) if large else x, []
    for number, (name, _) in enumerate(table()):
        place = 6 + 12 * number
        x = block(half(x) if name in ("4a", "5a") else x, values[place : place + 12])
        if len(end) > 2 and name in ("4a", "4d"):
            place = 2 + 6 * len(answers)
            answers.append(classifier(x, end[place : place + 6]))
    return [dense(ops.mean(x, axis=(1, 2)), end[:2]), *answers]


def normalized(x):
    """Local response normalization: neighbours are the ones of a banded matrix."""
    places = np.arange(x.shape[-1])
    near = np.abs(places[:, None] - places) <= 2
    near = ops.cast(near.astype("float32"), x.dtype)
    total = ops.einsum("bhwc,cd->bhwd", ops.square(x), near)
    return x / (2 + 1e-4 * total) ** 0.75


def random_values(shapes, rng):
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        yield scale * rng.normal(size=shape)


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
