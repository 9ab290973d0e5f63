"""Hidden checks of ResNet: the deep one, full size, graphs, precisions, bookkeeping."""

import numpy as np
import pytest
from keras import ops


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


def both(student, rng, shape, stem, batch=2, dtype="float32", depth=18):
    """The student's network and its twin, with the same random weights, and images."""
    images = rng.normal(size=(batch, *shape)).astype(dtype)
    twin = Twin(rng, depth, shape[-1], stem, width=2, num_classes=4, dtype=dtype)
    model = student.ResNet(depth, num_classes=4, stem=stem, width=2, dtype=dtype)
    model.build((None, *shape))
    model.set_weights(twin.values)
    return model, twin, images


@pytest.mark.points(2)
@pytest.mark.seconds(60)
@pytest.mark.parametrize("depth", [34, 101])
def test_deeper_networks_have_the_weights_of_the_table(student, equal, close, depth):
    model = student.ResNet(depth, num_classes=5, width=1)
    model.build((None, 40, 40, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of(depth, 3, "imagenet", 1, 5)
    sizes, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(sizes), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_has_at_full_size_as_many_parameters_as_the_paper_counts(student, equal):
    model = student.ResNet18()
    model.build((None, 224, 224, 3))
    expected = shapes_of(18, 3, "imagenet", 64, 1000)
    count = int(sum(np.prod(shape) for shape in expected))
    equal(model.count_params(), count, "the number of parameters")


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_one_image_with_one_channel(student, rng, close, stem):
    model, twin, images = both(student, rng, (9, 5, 1), stem, batch=1)
    close(model(images), twin(images), "the logits")


@pytest.mark.points(2)
def test_fifty_layers_give_the_logits_of_their_twin(student, rng, close):
    model, twin, images = both(student, rng, (11, 8, 2), "cifar", depth=50)
    close(model(images), twin(images), "the logits")


@pytest.mark.points(2)
def test_two_steps_of_training_leave_the_same_statistics(student, rng, close):
    model, twin, images = both(student, rng, (8, 8, 1), "cifar", batch=4)
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
    arguments = [loaded.depth, loaded.num_classes, loaded.stem, loaded.width]
    equal(arguments, [18, 4, "cifar", 2], "the loaded model's arguments")


def test_float64_is_computed_in_float64(student, rng, close):
    model, twin, images = both(student, rng, (8, 6, 2), "cifar", dtype="float64")
    close(model(images), twin(images), "the logits")


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, twin, images = both(student, rng, (8, 6, 2), "cifar")
    close(model(images), twin(images), "the logits")
    promised = student.symbolic_shape(model, (None, 8, 6, 2))
    equal(promised, (None, 4), "the promised shape")


def test_refuses_what_is_not_in_the_table(student, rng, close, raises):
    model, twin, images = both(student, rng, (8, 6, 2), "cifar")
    close(model(images), twin(images), "the logits")
    raises(ValueError, student.ResNet, 20)
    raises(ValueError, student.ResNet, 18, stem="mnist")
    raises(ValueError, student.ResNet, 18, num_classes=0)
