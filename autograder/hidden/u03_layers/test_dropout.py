"""Hidden checks of Dropout: graphs, precisions, independence, bookkeeping."""

import numpy as np
import pytest


def inputs_of(rng, shape):
    """Random numbers between 1 and 2, so that 0 means dropped."""
    return rng.uniform(1, 2, size=shape).astype("float32")


def mask_of(layer, inputs, equal):
    """1 where the layer kept an element while training, 0 where it dropped it."""
    outputs = layer(inputs, training=True)
    equal(getattr(outputs, "shape", None), inputs.shape, "the shape of the result")
    return np.asarray(outputs) != 0


def share(values):
    """To the nearest 0.05: six or more standard deviations of chance on either side."""
    return round(20 * np.mean(values)) / 20


@pytest.mark.parametrize("shape", [(30_000,), (1, 30_000), (100, 1, 20, 15)], ids=str)
def test_takes_inputs_of_any_rank(student, rng, close, equal, shape):
    mask = mask_of(student.Dropout(0.25), inputs_of(rng, shape), equal)
    close(share(mask), 0.75, "the share of what is kept")


@pytest.mark.points(2)
@pytest.mark.parametrize("seed", [None, 11])
def test_the_masks_of_two_calls_are_independent(student, rng, close, equal, seed):
    layer, inputs = student.Dropout(0.5, seed=seed), inputs_of(rng, (20, 30, 40))
    first, second = (mask_of(layer, inputs, equal) for _ in range(2))
    close(share(first & second), 0.25, "the share of what two calls in a row keep")


@pytest.mark.points(2)
def test_neighbours_are_dropped_independently(student, rng, close, equal):
    mask = mask_of(student.Dropout(0.5), inputs_of(rng, (20, 30, 40)), equal)
    pairs = [
        share(mask[1:] & mask[:-1]),
        share(mask[:, 1:] & mask[:, :-1]),
        share(mask[..., 1:] & mask[..., :-1]),
    ]
    close(
        pairs, [0.25] * 3, "the share of neighbours that are both kept, for each axis"
    )


def test_the_mean_of_many_masks_is_the_input(student, rng, close):
    inputs = np.repeat(inputs_of(rng, (1, 6)), 40_000, axis=0)
    outputs = student.Dropout(0.5)(inputs, training=True)
    close(np.mean(outputs, axis=0, dtype="float64"), inputs[0].astype("float64"),
          "the mean over 40,000 examples", tolerance=0.05)  # fmt: skip


@pytest.mark.points(2)
@pytest.mark.parametrize("noise_shape", [None, (None, 1, None)], ids=["all", "shared"])
def test_trains_in_a_graph_with_unknown_batch_size(student, rng, close, noise_shape):
    inputs = inputs_of(rng, (7, 4, 5))
    layer = student.Dropout(0.5, noise_shape=noise_shape)
    student.trained(layer, inputs, inputs, batch_size=3, loss="mse")
    close(student.predicted(layer, inputs), inputs)


def test_dropping_everything_leaves_gradients_of_0(student, rng, close):
    inputs = inputs_of(rng, (4, 5, 6))
    layer = student.Dropout(1)
    layer.build(inputs.shape)
    (gradient,), _ = student.gradients(
        layer, inputs, upstream=rng.normal(size=inputs.shape), training=True
    )
    gradient = 0 * inputs if gradient is None else gradient  # constants have none
    close(gradient, 0 * inputs, "the gradient at rate 1", category="wrong_gradient")


@pytest.mark.parametrize("dtype", ["mixed_float16", "float64"])
def test_keeps_the_dtype_of_its_input(student, rng, close, equal, dtype):
    plain = dtype.removeprefix("mixed_")
    inputs = inputs_of(rng, (50, 20, 20)).astype(plain)
    outputs = student.Dropout(0.25, dtype=dtype)(inputs, training=True)
    equal(str(getattr(outputs, "dtype", None)), plain, "the dtype")
    close(outputs, np.where(outputs == 0, 0, inputs / 0.75).astype(plain))
    close(share(outputs == 0), 0.25, "the share of zeros")


def test_has_nothing_to_train(student, rng, equal):
    layer, inputs = student.Dropout(0.5), inputs_of(rng, (3, 4))
    mask_of(layer, inputs, equal)
    equal(len(layer.get_weights()), 0, "the number of weights")
    equal(len(layer.trainable_variables), 0, "the number of trainable variables")


def test_draws_without_touching_the_global_generator(student, rng, equal):
    layer, inputs = student.Dropout(0.5, seed=4), inputs_of(rng, (3, 8, 10))
    twin = student.Dropout(0.5, seed=4)
    student.seed(1)
    first = mask_of(layer, inputs, equal)
    student.seed(2)
    equal(np.array_equal(mask_of(twin, inputs, equal), first), True,
          "whether a seeded layer repeats its mask whatever the global seed")  # fmt: skip


def test_refuses_rates_outside_0_and_1(student, rng, equal, raises):
    mask_of(student.Dropout(0.5), inputs_of(rng, (3, 4)), equal)
    raises(ValueError, student.Dropout, -0.1)
    raises(ValueError, student.Dropout, 1.1)
    raises(ValueError, student.Dropout, 0.5, noise_shape=(None, 0))
