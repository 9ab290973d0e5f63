"""Public checks of Dropout. Chance is judged by statistics that a right layer fails
less than once in a billion runs; inputs are never 0, so a 0 was dropped.
"""

import numpy as np
import pytest

SHAPE = (8, 40, 50)  # examples, time steps, features


def inputs_of(rng, shape=SHAPE):
    """Random numbers between 1 and 2, so that 0 means dropped."""
    return rng.uniform(1, 2, size=shape).astype("float32")


def factors_of(student, layer, inputs, equal):
    """What the layer multiplied each input by while training."""
    outputs = layer(inputs, training=True)
    equal(getattr(outputs, "shape", None), inputs.shape, "the shape of the result")
    return np.asarray(outputs, "float64") / inputs


def share_of_zeros(factors):
    """To the nearest 0.05: six or more standard deviations of chance on either side."""
    return round(20 * np.mean(factors == 0)) / 20


@pytest.mark.points(2)
@pytest.mark.parametrize("call", [{}, {"training": False}], ids=["default", "told so"])
def test_lets_everything_pass_at_inference(student, rng, close, call):
    inputs = inputs_of(rng, (3, 4, 5))
    close(student.Dropout(0.5)(inputs, **call), inputs)


@pytest.mark.points(2)
@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_drops_the_share_that_the_rate_says(student, rng, close, equal, rate):
    factors = factors_of(student, student.Dropout(rate), inputs_of(rng), equal)
    close(share_of_zeros(factors), rate, "the share of zeros")


@pytest.mark.points(2)
@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_scales_what_is_kept_so_that_the_mean_stays(student, rng, close, equal, rate):
    factors = factors_of(student, student.Dropout(rate), inputs_of(rng), equal)
    kept = factors[factors != 0]
    found = [np.min(kept, initial=np.inf), np.max(kept, initial=-np.inf)]
    close(
        found, [1 / (1 - rate)] * 2, "the smallest and largest factor of what is kept"
    )


@pytest.mark.points(2)
@pytest.mark.parametrize("axis", ["example", "time step", "feature"])
def test_drops_each_element_on_its_own(student, rng, equal, axis):
    number = ["example", "time step", "feature"].index(axis)
    factors = factors_of(student, student.Dropout(0.5), inputs_of(rng), equal)
    masks = np.moveaxis(factors == 0, number, 0).reshape(SHAPE[number], -1)
    different = len(np.unique(masks, axis=0))
    equal(different == SHAPE[number], True, f"whether each {axis} has its own mask")


@pytest.mark.points(2)
@pytest.mark.parametrize("seed", [None, 7])
def test_draws_another_mask_in_every_call(student, rng, equal, seed):
    layer, inputs = student.Dropout(0.5, seed=seed), inputs_of(rng, (3, 8, 10))
    first, second = (factors_of(student, layer, inputs, equal) == 0 for _ in range(2))
    equal(np.array_equal(first, second), False, "whether two calls drop the same")


def test_a_seed_makes_the_sequence_of_masks_repeatable(student, rng, equal):
    inputs = inputs_of(rng, (3, 8, 10))
    one, two, other = (student.Dropout(0.5, seed=seed) for seed in (7, 7, 70))
    for _ in range(2):
        first, second, third = (
            factors_of(student, layer, inputs, equal) == 0
            for layer in (one, two, other)
        )
        equal(
            np.array_equal(first, second), True, "whether the same seed drops the same"
        )
        equal(np.array_equal(first, third), False, "whether another seed does too")


@pytest.mark.points(2)
@pytest.mark.parametrize(
    "noise_shape", [(None, 1, None), (8, 40, 1), (1, None, 50)], ids=str
)
def test_shares_the_mask_along_the_ones_of_noise_shape(
    student, rng, equal, noise_shape
):
    layer = student.Dropout(0.5, noise_shape=noise_shape)
    mask = factors_of(student, layer, inputs_of(rng), equal) == 0
    for axis, entry in enumerate(noise_shape):
        same = bool(np.all(mask == np.take(mask, [0], axis)))
        equal(same, entry == 1, f"whether axis {'abc'[axis]} shares one mask")


@pytest.mark.parametrize("rate", [0, 1], ids=["nothing", "everything"])
def test_can_drop_nothing_and_everything(student, rng, close, rate):
    inputs = inputs_of(rng, (3, 4, 5))
    outputs = student.Dropout(rate)(inputs, training=True)
    close(outputs, inputs if rate == 0 else 0 * inputs)


def test_passes_gradients_only_where_it_kept(student, rng, close, equal):
    inputs = inputs_of(rng, (4, 5, 6))
    upstream = rng.normal(size=inputs.shape)
    one, two = (student.Dropout(0.4, seed=3) for _ in range(2))
    one.build(inputs.shape)
    (gradient,), _ = student.gradients(one, inputs, upstream=upstream, training=True)
    kept = factors_of(student, two, inputs, equal) != 0
    close(gradient, upstream * kept / 0.6, "the gradient", category="wrong_gradient")


def test_survives_a_save_and_load(student, rng, close, equal):
    inputs = inputs_of(rng)
    loaded = student.saved_and_loaded(student.Dropout(0.3, seed=5), inputs)
    close(loaded(inputs), inputs, "the loaded layer's output at inference")
    share = share_of_zeros(factors_of(student, loaded, inputs, equal))
    close(share, 0.3, "the share of zeros of the loaded layer")
