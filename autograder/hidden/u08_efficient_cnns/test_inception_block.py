"""Hidden checks of InceptionBlock and AuxiliaryClassifier: sizes, graphs, bookkeeping."""

import numpy as np
import pytest
from keras import layers, ops

SIZES = (4, 3, 5, 2, 3, 6)


class Block:
    """Figure 2b in Keras's own layers."""

    def __init__(self, rng, channels, sizes, dtype):
        c1, r3, c3, r5, c5, projected = sizes
        steps = [(c1, 1, channels), (r3, 1, channels), (c3, 3, r3)]
        steps += [(r5, 1, channels), (c5, 5, r5), (projected, 1, channels)]
        self.convolutions = []
        for filters, size, seen in steps:
            convolution = layers.Conv2D(
                filters, size, padding="same", activation="relu", dtype=dtype
            )
            convolution.build((None, None, None, seen))
            self.convolutions.append(convolution)
        self.pool = layers.MaxPooling2D(3, 1, padding="same", dtype=dtype)
        self.weights = randomized(self.convolutions, rng)

    def __call__(self, x):
        x = ops.convert_to_tensor(x, dtype=self.pool.compute_dtype)
        c1, r3, c3, r5, c5, projection = self.convolutions
        branches = [c1(x), c3(r3(x)), c5(r5(x)), projection(self.pool(x))]
        return ops.concatenate(branches, axis=3)


class Classifier:
    """The list of section 5 in Keras's own layers."""

    def __init__(self, rng, shape, num_classes, filters, units, dtype):
        self.pool = layers.AveragePooling2D(5, 3, dtype=dtype)
        self.convolution = layers.Conv2D(filters, 1, activation="relu", dtype=dtype)
        self.hidden = layers.Dense(units, activation="relu", dtype=dtype)
        self.last = layers.Dense(num_classes, dtype=dtype)
        pooled = self.pool.compute_output_shape(shape)
        self.convolution.build(pooled)
        self.hidden.build((None, int(np.prod(pooled[1:3])) * filters))
        self.last.build((None, units))
        self.weights = randomized([self.convolution, self.hidden, self.last], rng)

    def __call__(self, x):
        x = ops.convert_to_tensor(x, dtype=self.pool.compute_dtype)
        x = self.convolution(self.pool(x))
        return self.last(self.hidden(ops.reshape(x, (x.shape[0], -1))))


def randomized(built, rng):
    """The weights of layers, after random numbers of a sensible size have got there."""
    weights = [weight for layer in built for weight in layer.weights]
    for weight in weights:
        fan_in = np.prod(weight.shape[:-1])
        scale = np.sqrt(2 / fan_in) if len(weight.shape) > 1 else 0.3
        weight.assign(scale * rng.normal(size=weight.shape))
    return [ops.convert_to_numpy(weight) for weight in weights]


def random_images(rng, shape, dtype):
    kind = "float64" if dtype == "float64" else "float32"
    return (rng.normal(size=shape) - 1).astype(kind)


def block_and_twin(student, rng, shape, sizes=SIZES, dtype="float32"):
    """The student's block and its twin, with the same random weights, and images."""
    twin = Block(rng, shape[-1], sizes, dtype)
    block = student.InceptionBlock(*sizes, dtype=dtype)
    block.build((None, *shape[1:]))
    block.set_weights(twin.weights)
    return block, twin, random_images(rng, shape, dtype)


def classifier_and_twin(student, rng, shape, dtype="float32", **arguments):
    """The student's classifier and its twin, with the same weights, and images."""
    twin = Classifier(rng, shape, 4, 3, 6, dtype)
    classifier = student.AuxiliaryClassifier(
        4, filters=3, units=6, dtype=dtype, **arguments
    )
    classifier.build((None, *shape[1:]))
    classifier.set_weights(twin.weights)
    return classifier, twin, random_images(rng, shape, dtype)


@pytest.mark.parametrize("size", [(1, 1), (2, 9)], ids=["one pixel", "two rows"])
def test_images_smaller_than_the_blocks_windows(student, rng, close, size):
    block, twin, images = block_and_twin(student, rng, (1, *size, 3))
    close(block(images), twin(images))


def test_a_block_on_one_channel_with_one_filter_each(student, rng, close):
    block, twin, images = block_and_twin(student, rng, (2, 6, 5, 1), (1,) * 6)
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_both_run_in_a_graph_with_unknown_batch_size(student, rng, close):
    for made in (block_and_twin, classifier_and_twin):
        layer, twin, images = made(student, rng, (3, 9, 8, 2))
        close(student.predicted(layer, images), twin(images))


def test_the_block_is_built_without_knowing_the_size_of_the_image(student, rng, close):
    _, twin, images = block_and_twin(student, rng, (2, 6, 5, 3))
    block = student.InceptionBlock(*SIZES)
    block.build((None, None, None, 3))
    block.set_weights(twin.weights)
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_the_block_survives_a_save_and_load(student, rng, close, equal):
    block, twin, images = block_and_twin(student, rng, (2, 6, 5, 3))
    loaded = student.saved_and_loaded(block, images)
    close(loaded(images), twin(images), "the loaded block's result")
    arguments = [loaded.filters_1x1, loaded.reduce_3x3, loaded.filters_3x3]
    arguments += [loaded.reduce_5x5, loaded.filters_5x5, loaded.pool_projection]
    equal(arguments, list(SIZES), "the loaded block's arguments")


@pytest.mark.points(2)
def test_the_classifier_survives_a_save_and_load(student, rng, close, equal):
    classifier, twin, images = classifier_and_twin(
        student, rng, (2, 11, 8, 3), dropout_rate=0.2
    )
    loaded = student.saved_and_loaded(classifier, images)
    close(loaded(images), twin(images), "the loaded classifier's logits")
    arguments = [loaded.num_classes, loaded.filters, loaded.units, loaded.dropout_rate]
    equal(arguments, [4, 3, 6, 0.2], "the loaded classifier's arguments")


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
def test_both_compute_in_the_precision_they_are_told(student, rng, close, dtype):
    for made in (block_and_twin, classifier_and_twin):
        layer, twin, images = made(student, rng, (2, 8, 6, 3), dtype=dtype)
        close(layer(images), twin(images))


def test_both_promise_the_shape_they_deliver(student, rng, equal, close):
    block, twin, images = block_and_twin(student, rng, (2, 7, 4, 2))
    close(block(images), twin(images))
    promised = student.symbolic_shape(block, (None, 7, 4, 2))
    equal(promised, (None, 7, 4, 18), "the shape that the block promises")
    classifier, twin, images = classifier_and_twin(student, rng, (2, 8, 6, 2))
    close(classifier(images), twin(images))
    promised = student.symbolic_shape(classifier, (None, 8, 6, 2))
    equal(promised, (None, 4), "the shape that the classifier promises")


def test_without_dropout_the_classifier_is_the_same_in_training(student, rng, close):
    classifier, twin, images = classifier_and_twin(
        student, rng, (2, 8, 9, 3), dropout_rate=0
    )
    close(classifier(images, training=True), twin(images), "the logits in training")


@pytest.mark.points(2)
def test_the_classifier_drops_the_share_it_is_told(student, rng, close, equal):
    images = rng.normal(size=(100, 5, 5, 2)).astype("float32")
    classifier = student.AuxiliaryClassifier(80, 1, 80, dropout_rate=0.4)
    classifier.build((None, 5, 5, 2))
    weights = classifier.get_weights()
    equal(len(weights), 6, "the number of weights")
    values = [np.zeros_like(weight) for weight in weights]
    values[3], values[4] = np.ones(80, "float32"), np.eye(80, dtype="float32")
    classifier.set_weights(values)
    kept = [np.asarray(classifier(images, training=True)) > 0.5 for _ in range(2)]
    equal(kept[0].shape, (100, 80), "the shape of the logits")
    share = float(np.mean(kept[0]))  # 8,000 draws: 8 standard deviations are 0.044
    close(share, 0.6, "the share of units that are kept", tolerance=0.08)
    twice = float(np.mean(kept[0] & kept[1]))
    close(twice, 0.36, "the share kept two times in a row", tolerance=0.13)


def test_kernels_begin_as_the_docstring_says(student, close, equal):
    block = student.InceptionBlock(40, 30, 40, 20, 40, 40)
    block.build((None, 8, 8, 50))
    classifier = student.AuxiliaryClassifier(60, 40, 60)
    classifier.build((None, 8, 8, 50))  # two by two places are left
    variances = 2 / np.array([50, 50, 270, 50, 500, 50, 50, 160, 60 + 60])
    weights = [*block.get_weights(), *classifier.get_weights()]
    equal(len(weights), 18, "the number of weights")
    for kernel, bias, variance in zip(
        weights[::2], weights[1::2], variances, strict=True
    ):
        what = f"the spread of a kernel of shape {np.shape(kernel)} at the start"
        # The smallest has 1,000 numbers: 7 standard deviations are 16 %.
        close(float(np.std(kernel)), float(np.sqrt(variance)), what, tolerance=0.18)
        close(bias, np.zeros(np.shape(bias), "float32"), "a bias at the start")


def test_refuse_what_they_cannot_work_with(student, rng, close, raises):
    block, twin, images = block_and_twin(student, rng, (1, 3, 4, 2))
    close(block(images), twin(images))
    for place in range(6):
        sizes = [2] * 6
        sizes[place] = (0, 1.5)[place % 2]
        raises(ValueError, student.InceptionBlock, *sizes)
    raises(ValueError, student.InceptionBlock(*SIZES).build, (None, 4, 4, None))
    raises(ValueError, student.AuxiliaryClassifier, 4, filters=0)
    raises(ValueError, student.AuxiliaryClassifier, 4.0)
    raises(ValueError, student.AuxiliaryClassifier(4).build, (None, 4, 9, 3))
    raises(ValueError, student.AuxiliaryClassifier(4).build, (None, None, 9, 3))
