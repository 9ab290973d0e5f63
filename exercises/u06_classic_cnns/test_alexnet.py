"""Public checks of AlexNet. The oracle is the paper's network, written in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from course import autodiff

SIZES = {"num_classes": 5, "filters": (6, 8, 10, 12, 4), "units": 7}
# Images that the three poolings leave 1×2 of, for each stem.
SHAPES = {"imagenet": (68, 99, 3), "cifar": (19, 23, 3)}


def shapes_of(shape, stem, num_classes, filters, units):
    """The shapes of all weights, in order."""
    height, width, seen = shape
    if stem == "imagenet":
        height, width = (height - 7) // 4, (width - 7) // 4
    for _ in range(3):
        height, width = (height - 1) // 2, (width - 1) // 2
    shapes = []
    windows, groups = (11 if stem == "imagenet" else 5, 5, 3, 3, 3), (1, 2, 1, 2, 2)
    for window, group, count in zip(windows, groups, filters, strict=True):
        shapes += [(window, window, seen // group, count), (count,)]
        seen = count
    seen *= height * width
    for wide in (units, units, num_classes):
        shapes += [(seen, wide), (wide,)]
        seen = wide
    return shapes


def twin(images, values, stem):
    """The network of the docstring, with a list of arrays for its weights."""
    values = iter([ops.convert_to_tensor(value) for value in values])

    def convolve(x, groups=1, stride=1, padding="same"):
        kernel, bias = next(values), next(values)
        seen, count = kernel.shape[2], kernel.shape[3] // groups
        runs = [
            ops.conv(
                x[..., g * seen : (g + 1) * seen],
                kernel[..., g * count : (g + 1) * count],
                stride,
                padding,
            )
            for g in range(groups)
        ]
        return ops.relu(ops.concatenate(runs, axis=-1) + bias)

    def normalize(x):
        channels = x.shape[-1]
        squares = ops.pad(ops.square(x), ((0, 0), (0, 0), (0, 0), (2, 2)))
        total = sum(squares[..., n : n + channels] for n in range(5))
        return x / (2 + 1e-4 * total) ** 0.75

    x = ops.convert_to_tensor(images)
    x = convolve(x, 1, 4, "valid") if stem == "imagenet" else convolve(x)
    x = ops.max_pool(normalize(x), 3, 2, "valid")
    x = ops.max_pool(normalize(convolve(x, 2)), 3, 2, "valid")
    x = convolve(convolve(convolve(x), 2), 2)
    x = ops.max_pool(x, 3, 2, "valid")
    x = ops.reshape(x, (x.shape[0], -1))
    for last in (False, False, True):
        x = ops.sum(x[:, :, None] * next(values), axis=1) + next(values)
        x = x if last else ops.relu(x)
    return x


def random_values(shapes, rng):
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 10
        yield (scale * rng.normal(size=shape)).astype("float32")


def both(student, rng, stem, batch=2):
    """The student's network with random weights, these weights, and images.

    The pixels are as in the paper: less their mean, up to some hundred. With smaller
    ones the response normalization would do next to nothing.
    """
    shape = SHAPES[stem]
    images = 100 * rng.normal(size=(batch, *shape)).astype("float32")
    values = list(random_values(shapes_of(shape, stem, **SIZES), rng))
    model = student.AlexNet(stem=stem, **SIZES)
    model.build((None, *shape))  # TensorFlow compiles two groups at every call
    model.set_weights(values)
    return model, values, images


@pytest.mark.points(2)
@pytest.mark.parametrize("stem", SHAPES)
def test_has_the_weights_of_the_table_in_order(student, equal, close, stem):
    shape = (99, 131, 3) if stem == "imagenet" else (28, 32, 1)
    model = student.AlexNet(stem=stem, **SIZES)
    model.build((None, *shape))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of(shape, stem, **SIZES)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(3)
@pytest.mark.parametrize("stem", SHAPES)
def test_gives_the_logits_of_its_twin(student, rng, close, stem):
    model, values, images = both(student, rng, stem)
    close(model(images), twin(images, values, stem), "the logits")


def test_hidden_layers_and_logits_are_as_in_the_table(student, rng, close):
    model, values, images = both(student, rng, "cifar")
    values[-6] *= 0  # F6 shows its biases
    values[-1] -= 40  # no logit may be cut off at 0
    model.set_weights(values)
    answer = twin(images, values, "cifar")
    close(model(images), answer, "the logits when F6 ignores its input")


@pytest.mark.points(2)
def test_drops_units_of_f6_and_f7_in_training(student, rng, close, equal):
    sizes = {"num_classes": 30, "filters": (2, 2, 2, 2, 2), "units": 30}
    images = rng.normal(size=(8, 15, 15, 1)).astype("float32")
    values = [np.zeros(s) for s in shapes_of((15, 15, 1), "cifar", **sizes)]
    hidden = rng.uniform(1, 2, size=30).astype("float32")
    values[-5] = hidden  # F6 does not look at the image; F7 and F8 hand it on
    values[-4] = values[-2] = np.eye(30)
    model = student.AlexNet(stem="cifar", **sizes, dropout_rate=0.4)
    model.build((None, 15, 15, 1))
    model.set_weights([value.astype("float32") for value in values])
    close(model(images), np.tile(hidden, (8, 1)), "the logits at inference")
    logits = model(images, training=True)
    equal(np.shape(logits), (8, 30), "the shape of the logits in training")
    kept = np.asarray(logits) > 0.5
    twice = np.where(kept, hidden / 0.6**2, 0).astype("float32")
    close(logits, twice, "the logits in training")
    equal(bool(kept.all()), False, "whether every unit is kept in training")


@pytest.mark.points(2)
def test_weights_start_as_in_section_5(student, close, equal):
    model = student.AlexNet(100, "cifar", filters=(8, 8, 8, 16, 16), units=50)
    model.build((None, 15, 15, 3))
    weights = model.get_weights()
    expected = shapes_of((15, 15, 3), "cifar", 100, (8, 8, 8, 16, 16), 50)
    equal(len(weights), len(expected), "the number of weights")
    names = [f"C{n}" for n in range(1, 6)] + ["F6", "F7", "F8"]
    for name, kernel, bias in zip(names, weights[::2], weights[1::2], strict=True):
        ones = np.full(len(bias), float(name not in ("C1", "C3", "F8")), "float32")
        close(bias, ones, f"{name}'s biases at the start")
        # The smallest kernel has 576 numbers: 7 standard deviations are 21 %.
        what = f"the spread of {name}'s kernel at the start"
        close(float(np.std(kernel)), 0.01, what, tolerance=0.25)


@pytest.mark.points(2)
def test_gradients_match_those_of_its_twin(student, rng, close):
    model, values, images = both(student, rng, "cifar")
    upstream = rng.normal(size=(2, 5)).astype("float32")
    below, found = student.gradients(model, images, upstream=upstream)
    factor = ops.convert_to_tensor(upstream)
    watched = [autodiff.watch(array) for array in (images, *values)]
    wanted = autodiff.gradients(
        lambda: ops.sum(twin(watched[0], watched[1:], "cifar") * factor), watched
    )
    wrong = {"category": "wrong_gradient", "tolerance": 1e-3}
    close(dict(enumerate(below)).get(0), wanted[0], "the images' gradient", **wrong)
    for mine, theirs in zip(found, wanted[1:], strict=False):
        what = f"the gradient of a weight of shape {tuple(theirs.shape)}"
        close(mine, theirs, what, **wrong)
