"""Public checks of MobileNet. The oracle is the table, written out in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from course import autodiff


class Twin:
    """The network of the docstring over a list of arrays."""

    def __init__(self, rng, alpha, channels, stem, num_classes, dtype="float32"):
        self.stem = stem
        shapes = shapes_of(alpha, channels, num_classes)
        self.values = [value.astype(dtype) for value in random_values(shapes, rng)]
        steps = (len(shapes) - 2) // 5  # a kernel and four numbers for each channel
        self.trained = [5 * k + i for k in range(steps) for i in (0, 1, 2)]
        self.trained += [5 * steps, 5 * steps + 1]
        self.moved = [5 * k + i for k in range(steps) for i in (3, 4)]

    def __call__(self, x, values=None, training=False):
        values = iter(self.values if values is None else values)
        self.statistics = []  # what training makes of the moving ones
        dtype = self.values[0].dtype.name
        x = ops.convert_to_tensor(x, dtype=dtype)

        def next_value():
            return ops.convert_to_tensor(next(values), dtype=dtype)

        def step(x, convolution, stride):
            kernel, gamma, beta, mean, variance = (next_value() for _ in range(5))
            x = convolution(x, kernel, stride, "same")
            if training:
                moving, axes = (mean, variance), (0, 1, 2)
                mean = ops.mean(x, axes)
                variance = ops.mean(ops.square(x - mean), axes)
                for old, new in zip(moving, (mean, variance), strict=True):
                    now = ops.convert_to_numpy(0.99 * old + 0.01 * new)
                    self.statistics.append(now)
            x = (x - mean) / ops.sqrt(variance + 1e-3) * gamma + beta
            return ops.clip(x, 0, 6)

        x = step(x, ops.conv, 2 if self.stem == "imagenet" else 1)
        for _, stride in TABLE:
            x = step(x, ops.depthwise_conv, stride)
            x = step(x, ops.conv, 1)
        kernel, bias = next_value(), next_value()
        return ops.sum(ops.mean(x, (1, 2))[:, :, None] * kernel, axis=1) + bias


# Filters and stride of each block (table 1).
TABLE = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
TABLE += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


def shapes_of(alpha, channels, num_classes):
    """The shapes of all weights, in order."""
    seen = int(alpha * 32)
    shapes = [(3, 3, channels, seen), *4 * [(seen,)]]
    for filters, _ in TABLE:
        filters = int(alpha * filters)
        shapes += [(3, 3, seen, 1), *4 * [(seen,)]]
        shapes += [(1, 1, seen, filters), *4 * [(filters,)]]
        seen = filters
    return [*shapes, (seen, num_classes), (num_classes,)]


def random_values(shapes, rng):
    """Values that neither blow the images up nor let them vanish."""
    for place, shape in enumerate(shapes):
        if len(shape) == 4 and place % 10 == 5:  # depthwise: channels are not summed
            yield rng.normal(size=shape) / 3
        elif len(shape) > 1:
            yield rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        elif place % 5 == 4:  # moving variances: small, so that some values pass 6
            yield rng.uniform(0.1, 0.4, size=shape)
        else:
            low = 0.5 if place % 5 == 1 else -0.5
            yield rng.uniform(low, low + 1, size=shape)


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


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_large_images(student, rng, close):
    model, twin, images = both(student, rng, (72, 40, 3), "imagenet")
    close(model(images), twin(images), "the logits")


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_small_images(student, rng, close):
    model, twin, images = both(student, rng, (32, 20, 1), "cifar", batch=3)
    close(model(images), twin(images), "the logits")
    close(model(images, training=True), twin(images, training=True),
          "the logits in training")  # fmt: skip
    for place, expected in zip((0, 1), twin.statistics, strict=False):
        found = dict(enumerate(model.non_trainable_weights)).get(place)
        close(found, expected, "a statistic of the stem", category="wrong_state")


@pytest.mark.points(2)
def test_gradients_match_those_of_its_twin(student, rng, close):
    model, twin, images = both(student, rng, (33, 24, 2), "imagenet")
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
