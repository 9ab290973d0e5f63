"""Hidden checks of VGG: full size, dropout's statistics, graphs, bookkeeping, training."""

import numpy as np
import pytest
from keras import ops

CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
SIZES = {"num_classes": 5, "units": 7, "width": 2}
LOGITS = {
    "class_name": "SparseCategoricalCrossentropy",
    "config": {"from_logits": True},
}


def shapes_of(depth, shape, num_classes, units, width):
    """The shapes of all weights, in order."""
    height, breadth, seen = shape
    shapes = []
    for stage, count in enumerate(CONVOLUTIONS[depth]):
        filters = width * (1, 2, 4, 8, 8)[stage]
        for _ in range(count):
            shapes += [(3, 3, seen, filters), (filters,)]
            seen = filters
    seen *= (height // 32) * (breadth // 32)
    for wide in (units, units, num_classes):
        shapes += [(seen, wide), (wide,)]
        seen = wide
    return shapes


def twin(images, values, depth):
    """The network of the docstring, with a list of arrays for its weights."""
    dtype = images.dtype.name
    values = iter([ops.convert_to_tensor(value, dtype=dtype) for value in values])
    x = ops.convert_to_tensor(images, dtype=dtype)
    for count in CONVOLUTIONS[depth]:
        for _ in range(count):
            x = ops.relu(ops.conv(x, next(values), 1, "same") + next(values))
        x = ops.max_pool(x, 2, 2, "valid")
    x = ops.reshape(x, (x.shape[0], -1))
    for last in (False, False, True):
        x = ops.sum(x[:, :, None] * next(values), axis=1) + next(values)
        x = x if last else ops.relu(x)
    return x


def random_values(shapes, rng):
    """Weights that neither blow the images up nor let them vanish; random biases."""
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.3
        yield scale * rng.normal(size=shape)


def both(student, rng, shape, depth=11, batch=2, dtype="float32", **arguments):
    """The student's network with random weights, images, and the twin's logits."""
    images = rng.normal(size=(batch, *shape)).astype(dtype)
    shapes = shapes_of(depth, shape, **SIZES)
    values = [value.astype(dtype) for value in random_values(shapes, rng)]
    model = student.VGG(depth, **SIZES, dtype=dtype, **arguments)
    model(images)  # builds it
    model.set_weights(values)
    return model, images, ops.convert_to_numpy(twin(images, values, depth))


@pytest.mark.points(2)
@pytest.mark.seconds(30)
@pytest.mark.parametrize("depth", [11, 19])
def test_has_the_weights_of_table_1_for_images_of_224_pixels(
    student, equal, close, depth
):
    sizes = {"num_classes": 1000, "units": 5, "width": 3}
    model = student.VGG(depth, **sizes)
    model.build((None, 224, 224, 3))
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expected = shapes_of(depth, (224, 224, 3), **sizes)
    counts, wanted = ([int(np.prod(s)) for s in found] for found in (shapes, expected))
    close(np.array(counts), np.array(wanted), "the list of the weights' sizes")
    equal(shapes, expected, "the list of the weights' shapes")


@pytest.mark.parametrize("depth", [13, 19])
def test_the_other_depths_give_the_logits_of_their_twin(student, rng, close, depth):
    model, images, logits = both(student, rng, (63, 32, 1), depth=depth)
    close(model(images), logits, "the logits")


def test_a_batch_of_one(student, rng, close):
    model, images, logits = both(student, rng, (33, 95, 3), batch=1)
    close(model(images), logits, "the logits")


@pytest.mark.points(2)
@pytest.mark.seconds(60)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    model, images, logits = both(student, rng, (32, 37, 2), batch=3)
    close(student.predicted(model, images), logits, "the logits")


@pytest.mark.points(2)
@pytest.mark.seconds(30)
def test_survives_a_save_and_load(student, rng, close, equal):
    model, images, logits = both(student, rng, (32, 32, 3), dropout_rate=0.3)
    loaded = student.saved_and_loaded(model, images)
    close(loaded(images), logits, "the loaded model's logits")
    arguments = [loaded.depth, loaded.num_classes, loaded.units, loaded.width]
    equal(arguments, [11, 5, 7, 2], "the loaded model's sizes")
    equal(loaded.dropout_rate, 0.3, "the loaded model's dropout_rate")


def test_float64_is_computed_in_float64(student, rng, close):
    model, images, logits = both(student, rng, (32, 32, 2), dtype="float64")
    close(model(images), logits, "the logits")


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    model, images, logits = both(student, rng, (32, 40, 2))
    close(model(images), logits, "the logits")
    promised = student.symbolic_shape(model, (None, 32, 40, 2))
    equal(promised, (None, 5), "the promised shape")


def test_without_dropout_training_and_inference_agree(student, rng, close):
    model, images, logits = both(student, rng, (32, 32, 1), dropout_rate=0)
    close(model(images, training=True), logits, "the logits in training")


@pytest.mark.points(2)
def test_drops_the_share_it_is_told_and_other_units_each_time(student, rng, close):
    sizes = {"num_classes": 80, "units": 80, "width": 1}
    images = rng.normal(size=(100, 32, 32, 1)).astype("float32")
    values = [np.zeros(s) for s in shapes_of(11, (32, 32, 1), **sizes)]
    values[-5] += 1  # the first hidden layer; the others hand it on
    values[-4] = values[-2] = np.eye(80)
    model = student.VGG(11, **sizes, dropout_rate=0.3)
    model(images[:1])
    model.set_weights([value.astype("float32") for value in values])
    kept = [np.asarray(model(images, training=True)) > 0.5 for _ in range(2)]
    share = float(np.mean(kept[0]))  # 8,000 draws: 8 standard deviations are 0.045
    close(share, 0.7**2, "the share of units kept by both dropouts", tolerance=0.1)
    twice = float(np.mean(kept[0] & kept[1]))
    close(twice, 0.7**4, "the share kept two times in a row", tolerance=0.2)
    apart = float(np.mean(kept[0][:50] & kept[0][50:]))
    close(apart, 0.7**4, "the share kept in two images", tolerance=0.25)


def test_refuses_what_is_not_in_the_table(student, rng, close, raises):
    model, images, logits = both(student, rng, (32, 32, 2))
    close(model(images), logits, "the logits")
    raises(ValueError, student.VGG, 12)
    raises(ValueError, student.VGG, 16, num_classes=0)
    raises(ValueError, student.VGG(11, **SIZES), images[:, :31])


@pytest.mark.trains
@pytest.mark.seconds(60)
def test_drops_units_while_fit_trains_it(student, rng, equal):
    images = rng.normal(size=(1, 32, 32, 1)).astype("float32")
    values = [np.zeros(s) for s in shapes_of(11, (32, 32, 1), 4, 40, 1)]
    values[-3] += 1  # every unit of the second hidden layer is on
    model = student.VGG(11, num_classes=4, units=40, width=1, dropout_rate=0.5)
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
    model = student.VGG(11, num_classes=3, units=32, dropout_rate=0.1, width=4)
    student.trained(
        model, images, labels, epochs=8, batch_size=8, learning_rate=2e-3, loss=LOGITS
    )
    fresh = np.arange(60) % 3
    logits = model.predict(stripes(fresh, rng), verbose=0)
    right = np.mean(np.argmax(logits, axis=-1) == fresh)
    close(float(right > 0.8), 1.0, "whether four of five new images are recognised")


def stripes(labels, rng):
    """32×32 images: horizontal stripes, vertical ones, a chess board; shifted, noisy."""
    rows, columns = np.mgrid[:32, :32] // 4
    kinds = [rows, columns, rows + columns]
    phases = rng.integers(2, size=len(labels))
    clean = [(kinds[k] + p) % 2 for k, p in zip(labels, phases, strict=True)]
    noisy = np.array(clean) + 0.2 * rng.normal(size=(len(labels), 32, 32))
    return noisy[..., None].astype("float32")
