"""Hidden checks of DepthwiseSeparableBlock: sizes, graphs, precisions, bookkeeping."""

import numpy as np
import pytest
from keras import layers, ops


class Twin:
    """The same steps in Keras's own layers."""

    def __init__(self, channels, filters, strides, dtype):
        like = {"use_bias": False, "dtype": dtype}
        self.steps = [
            layers.DepthwiseConv2D(3, strides, padding="same", **like),
            layers.BatchNormalization(dtype=dtype),
            layers.Conv2D(filters, 1, **like),
            layers.BatchNormalization(dtype=dtype),
        ]
        for number, step in enumerate(self.steps):
            step.build((None, None, None, filters if number == 3 else channels))
        self.weights = [weight for step in self.steps for weight in step.weights]

    def __call__(self, x, training=False):
        for step in self.steps:
            x = step(x, training=training) if step.name.startswith("batch") else step(x)
            if step.name.startswith("batch"):
                x = ops.clip(x, 0, 6)
        return x


def both(student, rng, shape, filters, strides=1, dtype="float32"):
    """The student's block and its twin, with the same random weights, and images."""
    weights_dtype = dtype if dtype == "float64" else "float32"
    twin = Twin(shape[-1], filters, strides, dtype)
    values = [rng.uniform(0.2, 1, size=w.shape) for w in twin.weights]
    for place in range(0, len(values), 5):
        values[place] -= 0.6  # kernels have both signs
    values = [value.astype(weights_dtype) for value in values]
    block = student.DepthwiseSeparableBlock(filters, strides, dtype=dtype)
    block.build((None, *shape[1:]))
    block.set_weights(values)
    for weight, value in zip(twin.weights, values, strict=True):
        weight.assign(value)
    return block, twin, rng.normal(size=shape).astype(weights_dtype)


@pytest.mark.parametrize("strides", [1, 2], ids=["stride 1", "stride 2"])
def test_one_image_of_one_pixel(student, rng, close, strides):
    block, twin, images = both(student, rng, (1, 1, 1, 3), 3, strides)
    close(block(images), twin(images))


def test_a_stride_wider_than_the_kernel(student, rng, close):
    block, twin, images = both(student, rng, (2, 9, 10, 2), 2, 4)
    close(block(images), twin(images))


def test_one_channel(student, rng, close):
    block, twin, images = both(student, rng, (2, 5, 4, 1), 1)
    close(block(images), twin(images))


@pytest.mark.points(2)
def test_three_steps_of_training_leave_the_same_statistics(student, rng, close):
    block, twin, images = both(student, rng, (3, 5, 6, 2), 2)
    for scale in (0.5, 1, 20):
        block(scale * images, training=True)
        twin(scale * images, training=True)
    close(block(images), twin(images), "the result at inference")


@pytest.mark.points(2)
def test_runs_in_a_graph_with_unknown_batch_size(student, rng, close):
    block, twin, images = both(student, rng, (3, 7, 4, 2), 3, 2)
    close(student.predicted(block, images), twin(images))


def test_is_built_without_knowing_the_size_of_the_image(student, rng, close):
    _, twin, images = both(student, rng, (2, 6, 5, 3), 4, 2)
    block = student.DepthwiseSeparableBlock(4, 2)
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
    block, twin, images = both(student, rng, (2, 4, 5, 3), 3, dtype="mixed_bfloat16")
    close(block(images), twin(images))


def test_promises_the_shape_it_delivers(student, rng, equal, close):
    block, twin, images = both(student, rng, (2, 7, 4, 2), 3, 2)
    close(block(images), twin(images))
    promised = student.symbolic_shape(block, (None, 7, 4, 2))
    equal(promised, (None, 4, 2, 3), "the promised shape")


def test_can_be_frozen(student, rng, close, equal):
    block, twin, images = both(student, rng, (2, 4, 5, 3), 3)
    block.trainable = False
    close(block(images, training=True), twin(images), "the result, frozen")
    equal(len(block.trainable_weights), 0, "the number of trainable weights")


def test_kernels_start_between_the_bounds_of_glorot_uniform(student, close, equal):
    block = student.DepthwiseSeparableBlock(90)
    block.build((None, 8, 8, 60))
    weights = block.get_weights()
    equal(len(weights), 10, "the number of weights")
    for place, fans in ((0, 9 * 60 + 9), (5, 60 + 90)):
        deviation = float(np.std(weights[place]))  # of 540 or more numbers
        close(deviation, np.sqrt(2 / fans), "a kernel's spread", tolerance=0.2)


def test_refuses_what_is_no_positive_integer(student, rng, close, raises):
    block, twin, images = both(student, rng, (1, 3, 4, 2), 2)
    close(block(images), twin(images))
    raises(ValueError, student.DepthwiseSeparableBlock, 0)
    raises(ValueError, student.DepthwiseSeparableBlock, 4, 0)
    raises(ValueError, student.DepthwiseSeparableBlock, 4, 1.5)
    raises(ValueError, student.DepthwiseSeparableBlock(4).build, (None, 4, 4, None))
