"""Public checks of DenseNet. The oracle is the docstring, written in `keras.ops`."""

import numpy as np
import pytest
from keras import ops

from course import autodiff

NORM = ("gamma", "beta", "mean", "variance")


class Twin:
    """The network of the docstring over a list of arrays."""

    def __init__(self, rng, blocks, channels, stem, rate, classes, dtype="float32"):
        self.blocks, self.stem = blocks, stem
        weights = weights_of(blocks, channels, stem, rate, classes)
        self.values = [random_value(rng, *weight).astype(dtype) for weight in weights]
        roles = [role for role, _ in weights]
        self.trained = [i for i, role in enumerate(roles) if role not in NORM[2:]]
        self.moved = [i for i, role in enumerate(roles) if role in NORM[2:]]

    def __call__(self, x, values=None, training=False):
        values = iter(self.values if values is None else values)
        self.statistics = []  # what training makes of the moving ones
        dtype = self.values[0].dtype.name
        x = ops.convert_to_tensor(x, dtype=dtype)

        def convolved(x, stride=1, padding="same"):
            kernel = ops.convert_to_tensor(next(values), dtype=dtype)
            return ops.conv(x, kernel, stride, padding)

        def normal(x):
            """Normalization and relu."""
            gamma, beta, *moving = (
                ops.convert_to_tensor(next(values), dtype=dtype) for _ in range(4)
            )
            mean, variance = moving
            if training:
                mean = ops.mean(x, (0, 1, 2))
                variance = ops.mean(ops.square(x - mean), (0, 1, 2))
                for old, new in zip(moving, (mean, variance), strict=True):
                    now = ops.convert_to_numpy(0.9 * old + 0.1 * new)
                    self.statistics.append(now)
            return ops.relu((x - mean) / ops.sqrt(variance + 1e-5) * gamma + beta)

        def bordered(x, size):
            return ops.pad(x, [(0, 0), 2 * (size,), 2 * (size,), (0, 0)])

        if self.stem == "cifar":
            x = convolved(x)
        else:
            x = normal(convolved(bordered(x, 3), 2, "valid"))
            x = ops.max_pool(bordered(x, 1), 3, 2, "valid")
        for number, count in enumerate(self.blocks):
            if number:
                x = ops.average_pool(convolved(normal(x)), 2, 2, "valid")
            for _ in range(count):
                new = convolved(normal(convolved(normal(x))))
                x = ops.concatenate([x, new], axis=-1)
        x = ops.mean(normal(x), (1, 2))
        kernel, bias = (ops.convert_to_tensor(v, dtype=dtype) for v in values)
        return ops.sum(x[:, :, None] * kernel, axis=1) + bias


def weights_of(blocks, channels, stem, rate, classes):
    """Roles and shapes of all weights, in order."""

    def kernel(size, seen, filters):
        return [("kernel", (size, size, seen, filters))]

    def norm(seen):
        return [(role, (seen,)) for role in NORM]

    large = stem == "imagenet"
    found = kernel(7 if large else 3, channels, 2 * rate)
    found += norm(2 * rate) if large else []
    seen = 2 * rate
    for number, count in enumerate(blocks):
        if number:
            found += norm(seen) + kernel(1, seen, seen // 2)
            seen //= 2
        for _ in range(count):
            found += norm(seen) + kernel(1, seen, 4 * rate)
            found += norm(4 * rate) + kernel(3, 4 * rate, rate)
            seen += rate
    return found + norm(seen) + [("kernel", (seen, classes)), ("bias", (classes,))]


def random_value(rng, role, shape):
    """Values that neither blow the images up nor let them vanish."""
    if role == "kernel":
        return rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))
    low = 0.5 if role in ("gamma", "variance") else -0.5
    return rng.uniform(low, low + 1, size=shape)


def both(student, rng, shape, stem, batch=2):
    """The student's narrow network and its twin, with the same weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype("float32")
    twin = Twin(rng, (2, 1, 2), shape[-1], stem, rate=3, classes=5)
    model = student.DenseNet((2, 1, 2), 5, stem, 3)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_has_the_weights_of_its_layers_in_order(student, equal, close, stem):
    model = student.DenseNet((1, 3, 2), 5, stem, 4)
    model.build((None, 32, 32, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = [shape for _, shape in weights_of((1, 3, 2), 3, stem, 4, 5)]
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_large_images(student, rng, close):
    model, twin, images = both(student, rng, (36, 21, 3), "imagenet")
    close(model(images), twin(images), "the logits")


@pytest.mark.points(3)
def test_gives_the_logits_of_its_twin_for_small_images(student, rng, close):
    model, twin, images = both(student, rng, (12, 9, 1), "cifar", batch=3)
    close(model(images), twin(images), "the logits")
    close(model(images, training=True), twin(images, training=True),
          "the logits in training")  # fmt: skip
    moved = dict(enumerate(model.non_trainable_weights))
    close(moved.get(len(moved) - 1), twin.statistics[-1],
          "the last moving variance", category="wrong_state")  # fmt: skip


@pytest.mark.points(2)
def test_gradients_match_those_of_its_twin(student, rng, close):
    model, twin, images = both(student, rng, (19, 18, 2), "imagenet")
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
