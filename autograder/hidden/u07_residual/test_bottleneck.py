"""Hidden checks of BottleneckBlock: awkward sizes, graphs, precisions, bookkeeping."""

import numpy as np
import pytest
from keras import layers, ops


class Twin:
    """relu(F(x) + shortcut(x)) in Keras's own layers."""

    def __init__(self, channels, filters, strides, dtype):
        def step(channels, filters, kernel_size, strides):
            convolution = layers.Conv2D(
                filters, kernel_size, strides, use_bias=False, dtype=dtype
            )
            normalization = layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, dtype=dtype
            )
            convolution.build((None, None, None, channels))
            normalization.build((None, None, None, filters))
            return convolution, normalization

        wide = 4 * filters
        self.steps = [
            step(channels, filters, 1, 1),
            step(filters, filters, 3, strides),
            step(filters, wide, 1, 1),
        ]
        self.shortcut = []
        if strides > 1 or channels != wide:
            self.shortcut = [step(channels, wide, 1, strides)]
        pairs = [*self.steps, *self.shortcut]
        self.weights = [w for pair in pairs for layer in pair for w in layer.weights]
        self.border = layers.ZeroPadding2D(1, dtype=dtype)

    def __call__(self, x, training=False):
        y = x = ops.convert_to_tensor(x, dtype=self.border.compute_dtype)
        for number, (convolution, normalization) in enumerate(self.steps):
            y = ops.relu(y) if number else y
            y = self.border(y) if number == 1 else y
            y = normalization(convolution(y), training=training)
        for convolution, normalization in self.shortcut:
            x = normalization(convolution(x), training=training)
        return ops.relu(x + y)


def both(student, rng, shape, filters, strides=1, dtype="float32"):
    """The student's block and its twin, with the same random weights, and images."""
    weights_dtype = dtype if dtype == "float64" else "float32"
    twin = Twin(shape[-1], filters, strides, dtype)
    values = [rng.uniform(0.2, 1, size=w.shape) for w in twin.weights]
    for place in range(0, len(values), 5):
        values[place] -= 0.6  # kernels have both signs
    values = [value.astype(weights_dtype) for value in values]
    block = student.BottleneckBlock(filters, strides, dtype=dtype)
    block.build((None, *shape[1:]))
    block.set_weights(values)
    for weight, value in zip(twin.weights, values, strict=True):
        weight.assign(value)
    return block, twin, rng.normal(size=shape).astype(weights_dtype)


@pytest.mark.parametrize("strides", [1, 2], ids=["stride 1", "stride 2"])
def test_one_image_of_one_pixel(student, rng, close, strides):
    block, twin, images = both(student, rng, (1, 1, 1, 8), 2, strides)
    close(block(images), twin(images))


def test_a_stride_wider_than_the_kernel(student, rng, close):
    block, twin, images = both(student, rng, (2, 9, 10, 2), 2, 4)
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_three_steps_of_training_leave_the_same_statistics(student, rng, close):
    block, twin, images = both(student, rng, (3, 5, 6, 8), 2)
    for scale in (0.5, 1, 2):
        block(scale * images, training=True)
        twin(scale * images, training=True)
    close(block(images), twin(images), "the result at inference")


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    block, twin, images = both(student, rng, (3, 7, 4, 2), 3, 2)
    close(student.predicted(block, images), twin(images))


def test_is_built_without_knowing_the_size_of_the_image(student, rng, close):
    _, twin, images = both(student, rng, (2, 6, 5, 3), 4, 2)
    block = student.BottleneckBlock(4, 2)
    block.build((None, None, None, 3))
    block.set_weights([ops.convert_to_numpy(weight) for weight in twin.weights])
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_survives_a_save_and_load(student, rng, close, equal):
    block, twin, images = both(student, rng, (2, 6, 5, 3), 4, 2)
    loaded = student.saved_and_loaded(block, images)
    close(loaded(images), twin(images), "the loaded block's result")
    equal([loaded.filters, loaded.strides], [4, 2], "the loaded block's arguments")


def test_float64_is_computed_in_float64(student, rng, close):
    block, twin, images = both(student, rng, (2, 4, 5, 3), 4, dtype="float64")
    close(block(images), twin(images))


def test_works_in_mixed_precision(student, rng, close):
    block, twin, images = both(student, rng, (2, 4, 5, 8), 2, dtype="mixed_bfloat16")
    close(block(images), twin(images))


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    block, twin, images = both(student, rng, (2, 7, 4, 2), 3, 2)
    close(block(images), twin(images))
    promised = student.symbolic_shape(block, (None, 7, 4, 2))
    equal(promised, (None, 4, 2, 12), "the promised shape")


def test_kernels_start_as_he_normal(student, close, equal):
    block = student.BottleneckBlock(40, 2)
    block.build((None, 8, 8, 30))
    weights = block.get_weights()
    equal(len(weights), 20, "the number of weights")
    for place, fan_in in ((0, 30), (5, 360), (10, 40), (15, 30)):
        deviation = float(np.std(weights[place]))  # of 1,200 or more numbers
        close(deviation, np.sqrt(2 / fan_in), "a kernel's spread", tolerance=0.15)


def test_can_be_frozen(student, rng, close, equal):
    block, twin, images = both(student, rng, (2, 4, 5, 3), 3)
    block.trainable = False
    close(block(images, training=True), twin(images), "the result, frozen")
    equal(len(block.trainable_weights), 0, "the number of trainable weights")


def test_refuses_what_is_no_positive_integer(student, rng, close, raises):
    block, twin, images = both(student, rng, (1, 3, 4, 2), 2)
    close(block(images), twin(images))
    raises(ValueError, student.BottleneckBlock, 0)
    raises(ValueError, student.BottleneckBlock, 4, 0)
    raises(ValueError, student.BottleneckBlock, 4, 1.5)
