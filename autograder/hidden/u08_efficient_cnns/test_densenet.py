"""Hidden checks of DenseNet: sizes, graphs, precisions, bookkeeping."""

import keras
import numpy as np
import pytest
from keras import ops

# On PyTorch Keras's normalizations compute in float32, and each amplifies what the ones
# before it have rounded away.
FLOAT64 = 1e-6 if keras.backend.backend() == "tensorflow" else 1e-4

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
