"""Hidden checks of the two blocks: sizes, graphs, precisions, bookkeeping."""

import numpy as np
import pytest
from keras import layers, ops


class Twin:
    """The same steps in Keras's own layers; `count` of them or, if 0, a transition."""

    def __init__(self, channels, count, size, dtype):
        self.count = (
            count  # of dense layers; `size` is their k, or a transition's filters
        )
        self.steps = []
        for _ in range(count):
            self.steps.append(step_of(channels, 4 * size, 1, dtype))
            self.steps.append(step_of(4 * size, size, 3, dtype))
            channels += size
        if not count:
            self.steps.append(step_of(channels, size, 1, dtype))
        self.pool = layers.AveragePooling2D(2, dtype=dtype)
        self.weights = [w for pair in self.steps for part in pair for w in part.weights]

    def __call__(self, x, training=False):
        x = ops.convert_to_tensor(x)
        if not self.count:
            return self.pool(self.apply(0, x, training))
        for place in range(0, len(self.steps), 2):
            new = self.apply(place + 1, self.apply(place, x, training), training)
            x = ops.concatenate([ops.cast(x, new.dtype), new], axis=-1)
        return x

    def apply(self, place, x, training):
        normalization, convolution = self.steps[place]
        return convolution(ops.relu(normalization(x, training=training)))


def step_of(channels, filters, size, dtype):
    normalization = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype)
    convolution = layers.Conv2D(
        filters, size, padding="same", use_bias=False, dtype=dtype
    )
    normalization.build((None, None, None, channels))
    convolution.build((None, None, None, channels))
    return normalization, convolution


def dense(student, rng, shape, count, rate, dtype="float32"):
    """The student's dense block and its twin, with the same weights, and images."""
    twin = Twin(shape[-1], count, rate, dtype)
    return equipped(student.DenseBlock(count, rate, dtype=dtype), twin, shape, rng)


def transition(student, rng, shape, compression=0.5, dtype="float32"):
    """The same for a transition."""
    twin = Twin(shape[-1], 0, int(compression * shape[-1]), dtype)
    return equipped(student.TransitionBlock(compression, dtype=dtype), twin, shape, rng)


def equipped(block, twin, shape, rng):
    dtype = "float64" if "float64" in str(twin.weights[0].dtype) else "float32"
    values = [rng.uniform(0.2, 1, size=w.shape) for w in twin.weights]
    for place in range(4, len(values), 5):
        values[place] -= 0.6  # kernels have both signs
    values = [value.astype(dtype) for value in values]
    block.build((None, *shape[1:]))
    block.set_weights(values)
    for weight, value in zip(twin.weights, values, strict=True):
        weight.assign(value)
    return block, twin, rng.normal(size=shape).astype(dtype)


def test_one_image_of_one_pixel(student, rng, close):
    block, twin, images = dense(student, rng, (1, 1, 1, 1), 3, 1)
    close(block(images), twin(images))


def test_one_image_of_which_four_pixels_count(student, rng, close):
    block, twin, images = transition(student, rng, (1, 3, 3, 2))
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_two_steps_of_training_leave_the_same_statistics(student, rng, close):
    for block, twin, images in (
        dense(student, rng, (3, 4, 3, 2), 2, 2),
        transition(student, rng, (3, 4, 5, 4)),
    ):
        for scale in (0.5, 20):
            block(scale * images, training=True)
            twin(scale * images, training=True)
        close(block(images), twin(images), "the result at inference")


@pytest.mark.points(2)
def test_a_dense_block_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    block, twin, images = dense(student, rng, (3, 5, 4, 2), 2, 3)
    close(student.predicted(block, images), twin(images))


@pytest.mark.points(2)
def test_a_transition_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    block, twin, images = transition(student, rng, (3, 5, 4, 4))
    close(student.predicted(block, images), twin(images))


def test_they_are_built_without_knowing_the_size_of_the_image(student, rng, close):
    _, twin, images = dense(student, rng, (2, 4, 5, 3), 2, 2)
    block = student.DenseBlock(2, growth_rate=2)
    block.build((None, None, None, 3))
    block.set_weights([ops.convert_to_numpy(weight) for weight in twin.weights])
    close(block(images), twin(images))
    _, twin, images = transition(student, rng, (2, 4, 5, 6))
    block = student.TransitionBlock()
    block.build((None, None, None, 6))
    block.set_weights([ops.convert_to_numpy(weight) for weight in twin.weights])
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_they_survive_a_save_and_load(student, rng, close, equal):
    block, twin, images = dense(student, rng, (2, 4, 5, 3), 2, 4)
    loaded = student.saved_and_loaded(block, images)
    close(loaded(images), twin(images), "the loaded dense block's result")
    equal([loaded.num_layers, loaded.growth_rate], [2, 4], "its arguments")
    block, twin, images = transition(student, rng, (2, 4, 5, 8), 0.25)
    loaded = student.saved_and_loaded(block, images)
    close(loaded(images), twin(images), "the loaded transition's result")
    equal(loaded.compression, 0.25, "its argument")


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
def test_works_in_other_precisions(student, rng, close, dtype):
    block, twin, images = dense(student, rng, (2, 4, 3, 2), 2, 2, dtype)
    close(block(images), twin(images))
    block, twin, images = transition(student, rng, (2, 4, 3, 4), dtype=dtype)
    close(block(images), twin(images))


def test_they_promise_the_shapes_they_deliver(student, rng, equal, close):
    block, twin, images = dense(student, rng, (2, 3, 4, 3), 2, 5)
    close(block(images), twin(images))
    promised = student.symbolic_shape(block, (None, 3, 4, 3))
    equal(promised, (None, 3, 4, 13), "the promised shape")
    block, twin, images = transition(student, rng, (2, 7, 4, 5))
    close(block(images), twin(images))
    promised = student.symbolic_shape(block, (None, 7, 4, 5))
    equal(promised, (None, 3, 2, 2), "the promised shape")


def test_a_dense_block_can_be_frozen(student, rng, close, equal):
    block, twin, images = dense(student, rng, (2, 3, 4, 3), 2, 2)
    block.trainable = False
    close(block(images, training=True), twin(images), "the result, frozen")
    equal(len(block.trainable_weights), 0, "the number of trainable weights")


def test_kernels_start_as_he_normal(student, close, equal):
    block, small = student.DenseBlock(1, 24), student.TransitionBlock()
    block.build((None, 8, 8, 60))
    small.build((None, 8, 8, 60))
    weights = block.get_weights() + small.get_weights()
    equal(len(weights), 15, "the number of weights")
    for place, seen in ((4, 60), (9, 9 * 96), (14, 60)):
        deviation = float(np.std(weights[place]))  # of 1800 or more numbers
        close(deviation, np.sqrt(2 / seen), "a kernel's spread", tolerance=0.2)


def test_refuses_what_can_not_be(student, rng, close, raises):
    block, twin, images = dense(student, rng, (1, 3, 4, 2), 1, 2)
    close(block(images), twin(images))
    raises(ValueError, student.DenseBlock, 0)
    raises(ValueError, student.DenseBlock, 2, 0)
    raises(ValueError, student.DenseBlock, 1.5)
    raises(ValueError, student.DenseBlock(2).build, (None, 4, 4, None))
    block, twin, images = transition(student, rng, (1, 3, 4, 2))
    close(block(images), twin(images))
    raises(ValueError, student.TransitionBlock, 0)
    raises(ValueError, student.TransitionBlock, 1.5)
    raises(ValueError, student.TransitionBlock, "half")
    raises(ValueError, student.TransitionBlock(0.25).build, (None, 4, 4, 3))
