"""Public checks of GoogLeNet. The oracle is table 1, written out in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

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
    near = ops.convert_to_tensor(near.astype("float32"))
    total = ops.einsum("bhwc,cd->bhwd", ops.square(x), near)
    return x / (2 + 1e-4 * total) ** 0.75


def random_values(shapes, rng):
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        yield (scale * rng.normal(size=shape)).astype("float32")


def both(student, rng, shape, stem, auxiliary):
    """The student's network without dropout, images, and its twin's outputs."""
    values = list(
        random_values(shapes_of(shape[:2], shape[2], stem, 5, auxiliary), rng)
    )
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
        for shape in shapes_of((9, 9), 1, "cifar", units, auxiliary=True)
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
    model.build((None, 9, 9, 1))
    model.set_weights(values)
    images = rng.normal(size=(6, 9, 9, 1)).astype("float32")
    outputs = model(images, training=True)
    equal(number_of(outputs), 3, "the number of outputs in training")
    for output, all_of_it, rate in zip(outputs, read, (0.4, 0.7, 0.7), strict=True):
        equal(np.shape(output), (6, units), "the shape of the logits in training")
        kept = np.asarray(output) > 4.5
        equal(bool(kept.all()), False, "whether everything is kept in training")
        scaled = 4 + np.where(kept, all_of_it / (1 - rate), 0).astype("float32")
        close(output, scaled, f"the logits at a rate of {rate}")
