"""Hidden checks of AlexNet: sizes, dropout's statistics, graphs, bookkeeping, training."""

import numpy as np
import pytest
from keras import ops

SIZES = {"num_classes": 5, "filters": (4, 6, 8, 10, 4), "units": 7}
LOGITS = {
    "class_name": "SparseCategoricalCrossentropy",
    "config": {"from_logits": True},
}


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
    dtype = images.dtype.name
    values = iter([ops.convert_to_tensor(value, dtype=dtype) for value in values])

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

    x = ops.convert_to_tensor(images, dtype=dtype)
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
        yield scale * rng.normal(size=shape)


def both(student, rng, shape, stem="cifar", batch=2, dtype="float32", **arguments):
    """The student's network with random weights, images, and the twin's logits."""
    images = 100 * rng.normal(size=(batch, *shape)).astype(dtype)
    shapes = shapes_of(shape, stem, **SIZES)
    values = [value.astype(dtype) for value in random_values(shapes, rng)]
    model = student.AlexNet(stem=stem, **SIZES, dtype=dtype, **arguments)
    model.build((None, *shape))  # TensorFlow compiles two groups at every call
    model.set_weights(values)
    return model, images, ops.convert_to_numpy(twin(images, values, stem))


@pytest.mark.points(2)
@pytest.mark.seconds(30)
def test_has_the_weights_of_the_paper_for_images_of_227_pixels(student, equal, close):
    sizes = {"num_classes": 1000, "filters": (12, 32, 48, 48, 32), "units": 9}
    model = student.AlexNet(**sizes)
    model.build((None, 227, 227, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of((227, 227, 3), "imagenet", **sizes)
    counts, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(counts), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.parametrize("stem", ["imagenet", "cifar"])
def test_one_image_with_one_channel(student, rng, close, stem):
    shape = (67, 85, 1) if stem == "imagenet" else (26, 15, 1)
    model, images, logits = both(student, rng, shape, stem, batch=1)
    close(model(images), logits, "the logits")


def test_faint_images(student, rng, close):
    model, images, _ = both(student, rng, (15, 17, 3))
    values = model.get_weights()
    images = images / 1e4
    close(model(images), twin(images, values, "cifar"), "the logits of faint images")


def test_no_two_kernels_start_alike(student, equal):
    model = student.AlexNet(6, "cifar", filters=(2, 4, 4, 4, 4), units=6)
    model.build((None, 15, 15, 2))
    weights = model.get_weights()
    shapes = shapes_of((15, 15, 2), "cifar", 6, (2, 4, 4, 4, 4), 6)
    equal([tuple(w.shape) for w in weights], shapes, "the list of the weights' shapes")
    for one, other, names in ((6, 8, "C4 and C5"), (12, 14, "F7 and F8")):
        alike = bool(np.all(weights[one] == weights[other]))
        equal(alike, False, f"whether the kernels of {names} start with the same draws")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, images, logits = both(student, rng, (16, 20, 2), batch=3)
    close(student.predicted(model, images), logits, "the logits")


@pytest.mark.points(2)
@pytest.mark.seconds(30)
def test_survives_a_save_and_load(student, rng, close, equal):
    model, images, logits = both(student, rng, (15, 15, 3), dropout_rate=0.3)
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), logits, "the loaded model's logits")
    arguments = [loaded.num_classes, loaded.stem, loaded.units, loaded.dropout_rate]
    equal(arguments, [5, "cifar", 7, 0.3], "the loaded model's arguments")
    equal(tuple(loaded.filters), SIZES["filters"], "the loaded model's filters")


def test_float64_is_computed_in_float64(student, rng, close):
    model, images, logits = both(student, rng, (15, 15, 2), dtype="float64")
    close(model(images), logits, "the logits")


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, images, logits = both(student, rng, (15, 16, 2))
    close(model(images), logits, "the logits")
    promised = student.symbolic_shape(model, (None, 15, 16, 2))
    equal(promised, (None, 5), "the promised shape")


def test_without_dropout_training_and_inference_agree(student, rng, close):
    model, images, logits = both(student, rng, (15, 15, 1), dropout_rate=0)
    close(model(images, training=True), logits, "the logits in training")


@pytest.mark.points(2)
def test_drops_the_share_it_is_told_and_other_units_each_time(student, rng, close):
    sizes = {"num_classes": 80, "filters": (2, 2, 2, 2, 2), "units": 80}
    images = rng.normal(size=(100, 15, 15, 1)).astype("float32")
    values = [np.zeros(s) for s in shapes_of((15, 15, 1), "cifar", **sizes)]
    values[-5] += 1  # F6 does not look at the image; F7 and F8 hand it on
    values[-4] = values[-2] = np.eye(80)
    model = student.AlexNet(stem="cifar", **sizes, dropout_rate=0.3)
    model(images[:1])
    model.set_weights([value.astype("float32") for value in values])
    kept = [np.asarray(model(images, training=True)) > 0.5 for _ in range(2)]
    share = float(np.mean(kept[0]))  # 8,000 draws: 8 standard deviations are 0.045
    close(share, 0.7**2, "the share of units kept by both dropouts", tolerance=0.1)
    twice = float(np.mean(kept[0] & kept[1]))
    close(twice, 0.7**4, "the share kept two times in a row", tolerance=0.2)
    apart = float(np.mean(kept[0][:50] & kept[0][50:]))
    close(apart, 0.7**4, "the share kept in two images", tolerance=0.25)


def test_refuses_what_is_no_network(student, rng, close, raises):
    model, images, logits = both(student, rng, (15, 15, 2))
    close(model(images), logits, "the logits")
    raises(ValueError, student.AlexNet, stem="mnist")
    raises(ValueError, student.AlexNet, filters=(96, 256, 384, 383, 256))
    raises(ValueError, student.AlexNet, filters=(96, 256, 384, 384))
    raises(ValueError, student.AlexNet(stem="cifar", **SIZES), images[:, :14])


@pytest.mark.trains
@pytest.mark.seconds(60)
def test_drops_units_while_fit_trains_it(student, rng, equal):
    images = rng.normal(size=(1, 15, 15, 1)).astype("float32")
    sizes = {"num_classes": 4, "filters": (2, 2, 2, 2, 2), "units": 40}
    values = [np.zeros(s) for s in shapes_of((15, 15, 1), "cifar", **sizes)]
    values[-3] += 1  # every unit of F7 is on
    model = student.AlexNet(stem="cifar", **sizes, dropout_rate=0.5)
    model(images)
    model.set_weights([value.astype("float32") for value in values])
    before = model.get_weights()[-2]
    student.trained(
        model, images, np.array([2]), optimizer="sgd", learning_rate=0.1, loss=LOGITS
    )
    moved = np.any(model.get_weights()[-2] != before, axis=1)
    equal(bool(moved.any()), True, "whether a unit that is kept learns")
    equal(bool(moved.all()), False, "whether every hidden unit takes part in a step")


@pytest.mark.points(2)
@pytest.mark.trains
@pytest.mark.seconds(90)
def test_learns_to_tell_stripes_apart(student, rng, close):
    labels = np.arange(96) % 3
    images = stripes(labels, rng)
    student.seed(int(rng.integers(2**31)))
    model = student.AlexNet(3, "cifar", (8, 8, 12, 12, 8), 24, dropout_rate=0.1)
    model(images[:1])
    # As narrow as this, and from kernels of 0.01, it takes many epochs to get going.
    shapes = shapes_of((16, 16, 1), "cifar", 3, (8, 8, 12, 12, 8), 24)
    values = [w * (w.ndim > 1) for w in random_values(shapes, rng)]
    model.set_weights([value.astype("float32") for value in values])
    student.trained(
        model, images, labels, epochs=8, batch_size=8, learning_rate=2e-3, loss=LOGITS
    )
    fresh = np.arange(60) % 3
    logits = model.predict(stripes(fresh, rng), verbose=0)
    right = np.mean(np.argmax(logits, axis=-1) == fresh)
    close(float(right > 0.8), 1.0, "whether four of five new images are recognised")


def stripes(labels, rng):
    """16×16 images: horizontal stripes, vertical ones, a chess board; shifted, noisy."""
    rows, columns = np.mgrid[:16, :16] // 2
    kinds = [rows, columns, rows + columns]
    phases = rng.integers(2, size=len(labels))
    clean = [(kinds[k] + p) % 2 for k, p in zip(labels, phases, strict=True)]
    noisy = np.array(clean) + 0.2 * rng.normal(size=(len(labels), 16, 16))
    return noisy[..., None].astype("float32")
