"""Public checks of ResNet. The oracle is the table, in Keras's own layers."""

import numpy as np
import pytest
from keras import ops

from course import autodiff


class Twin:
    """The network of the docstring, written out in `keras.ops` over a list of arrays."""

    def __init__(self, rng, depth, channels, stem, width, num_classes, dtype="float32"):
        self.depth, self.stem, self.width = depth, stem, width
        shapes = shapes_of(depth, channels, stem, width, num_classes)
        self.values = [value.astype(dtype) for value in random_values(shapes, rng)]
        steps = (len(shapes) - 2) // 5  # a kernel and four numbers for each filter
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

        def step(x, stride):
            kernel, gamma, beta, mean, variance = (next_value() for _ in range(5))
            border = ((kernel.shape[0] - 1) // 2,) * 2
            x = ops.pad(x, ((0, 0), border, border, (0, 0)))
            if kernel.shape[0] == 1:  # a strided 1×1 is one over every second pixel
                x, stride = x[:, ::stride, ::stride], 1
            x = ops.conv(x, kernel, stride, "valid")
            if training:
                moving, axes = (mean, variance), (0, 1, 2)
                mean = ops.mean(x, axes)
                variance = ops.mean(ops.square(x - mean), axes)
                for old, new in zip(moving, (mean, variance), strict=True):
                    now = ops.convert_to_numpy(0.9 * old + 0.1 * new)
                    self.statistics.append(now)
            return (x - mean) / ops.sqrt(variance + 1e-5) * gamma + beta

        large = self.stem == "imagenet"
        x = ops.relu(step(x, 2 if large else 1))
        if large:
            x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
            x = ops.max_pool(x, 3, 2, "valid")
        for filters, stride in plan(self.depth, self.width):
            kept, wide = x, filters * (1 if self.depth < 50 else 4)
            strides = (stride, 1) if self.depth < 50 else (1, stride, 1)
            for number, stride_here in enumerate(strides):
                x = step(ops.relu(x) if number else x, stride_here)
            if stride > 1 or kept.shape[-1] != wide:
                kept = step(kept, stride)
            x = ops.relu(x + kept)
        kernel, bias = next_value(), next_value()
        return ops.sum(ops.mean(x, (1, 2))[:, :, None] * kernel, axis=1) + bias


def plan(depth, width):
    """Filters and stride of each block (table 1)."""
    counts = {18: (2, 2, 2, 2), 101: (3, 4, 23, 3)}.get(depth, (3, 4, 6, 3))
    for stage, count in enumerate(counts):
        for number in range(count):
            yield width * 2**stage, 2 if stage > 0 and number == 0 else 1


def shapes_of(depth, channels, stem, width, num_classes):
    """The shapes of all weights, in order."""

    def step(seen, filters, size):
        return [(size, size, seen, filters), *[(filters,)] * 4]

    shapes = step(channels, width, 7 if stem == "imagenet" else 3)
    seen = width
    for filters, strides in plan(depth, width):
        if depth < 50:
            wide = filters
            shapes += step(seen, filters, 3) + step(filters, filters, 3)
        else:
            wide = 4 * filters
            shapes += step(seen, filters, 1) + step(filters, filters, 3)
            shapes += step(filters, wide, 1)
        if strides > 1 or seen != wide:
            shapes += step(seen, wide, 1)
        seen = wide
    return [*shapes, (seen, num_classes), (num_classes,)]


def random_values(shapes, rng):
    """Values that neither blow the images up nor let them vanish."""
    for place, shape in enumerate(shapes):
        if len(shape) > 1:
            yield rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        else:  # gamma, beta, moving mean and moving variance follow a kernel
            low = 0.5 if place % 5 in (1, 4) else -0.5
            yield rng.uniform(low, low + 1, size=shape)


def both(student, rng, shape, stem, batch=2):
    """The student's ResNet-18 and its twin, with the same random weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype("float32")
    twin = Twin(rng, 18, shape[-1], stem, width=3, num_classes=5)
    model = student.ResNet(18, 5, stem, 3)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
@pytest.mark.parametrize("depth", [18, 50])
def test_has_the_weights_of_the_table_in_order(student, equal, close, depth):
    named = student.ResNet18 if depth == 18 else student.ResNet50
    model = named(num_classes=5, stem="cifar", width=2)
    model.build((None, 8, 8, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of(depth, 3, "cifar", 2, 5)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_large_images(student, rng, close):
    model, twin, images = both(student, rng, (36, 21, 3), "imagenet")
    close(model(images), twin(images), "the logits")


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_small_images(student, rng, close):
    model, twin, images = both(student, rng, (16, 9, 1), "cifar", batch=3)
    close(model(images), twin(images), "the logits")
    close(model(images, training=True), twin(images, training=True),
          "the logits in training")  # fmt: skip
    for place, expected in zip((0, 1), twin.statistics, strict=False):
        found = dict(enumerate(model.non_trainable_weights)).get(place)
        close(found, expected, "a statistic of the stem", category="wrong_state")


@pytest.mark.points(2)
def test_gradients_match_those_of_its_twin(student, rng, close):
    model, twin, images = both(student, rng, (13, 18, 2), "imagenet")
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
