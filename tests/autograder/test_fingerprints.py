"""Fingerprints: what is the same is recognised, what is not is not, nothing is revealed."""

import numpy as np
import pytest

from autograder.grading.fingerprints import Unnamed, digests, fingerprint
from autograder.grading.outcome import Outcome

SALT = b"salt of this kit"


def outcome(evidence, category="wrong_values", check="test_it"):
    return Outcome(check, "it", "public", 0, 1, category, evidence=evidence)


def known(evidence, **more):
    table = fingerprint(
        [("flipped", "It is flipped.", [outcome(evidence, **more)])], SALT
    )
    (tokens,) = table["mistakes"]
    return Unnamed(tokens)


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(size=(2, 9, 11, 3)).astype("float32")


@pytest.mark.parametrize("seed", range(50))
def test_rounding_elsewhere_makes_no_difference(image, seed):
    noise = np.random.default_rng(seed).normal(size=image.shape)
    other = (image * (1 + 1e-6 * noise)).astype("float32")
    assert known(image).fits(outcome(other), SALT) == "flipped\nIt is flipped."


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x * 1.01,
        lambda x: -x,
        lambda x: x[:, ::-1],
        lambda x: x + 0.01,
        lambda x: x.astype("float64"),
        lambda x: x[:1],
        lambda x: np.where(x > 3, np.nan, x),
        lambda x: np.full_like(x, np.nan),
        lambda x: np.zeros_like(x),
        lambda x: x > 0,
        lambda x: "an error",
        lambda x: None,
    ],
)
def test_another_answer_is_not_recognised(image, change):
    image.flat[0] = 4
    assert known(image).fits(outcome(change(image)), SALT) is None
    assert known(change(image)).fits(outcome(image), SALT) is None
    assert known(change(image)).fits(outcome(change(image)), SALT) is not None


def test_the_same_values_in_another_check_or_category_are_something_else(image):
    assert known(image).fits(outcome(image, check="test_other"), SALT) is None
    assert known(image).fits(outcome(image, category="wrong_gradient"), SALT) is None


def test_errors_are_the_same_whatever_number_keras_gave_the_layer():
    error = known("ValueError: layer conv2d_3", category="raised")
    same = outcome("ValueError: layer conv2d_17", category="raised")
    assert error.fits(same, SALT) is not None
    assert error.fits(outcome("TypeError: layer", category="raised"), SALT) is None


def test_infinities_keep_their_places_and_signs(image):
    image[0, 0, 0, 0] = np.inf
    other = image.copy()
    other[0, 0, 0, 0] = -np.inf
    assert known(image).fits(outcome(image), SALT) is not None
    assert known(image).fits(outcome(other), SALT) is None


@pytest.mark.parametrize("scale", [1e300, 1e-300, 5e-324])
def test_values_as_large_and_small_as_they_come_have_fingerprints(scale):
    values = np.array([1.0, -1.0, 0.0, 1.0]) * scale
    assert known(values).fits(outcome(values), SALT) is not None
    assert known(values).fits(outcome(-values), SALT) is None


def test_where_a_mistake_passes_it_fits_what_passes():
    assert known(None).fits(outcome(None, "passed", "test_else"), SALT) == ""


def test_another_kit_has_other_hashes(image):
    ours, theirs = digests(outcome(image), SALT), digests(outcome(image), b"another")
    assert not set(ours) & set(theirs)


def test_a_sentence_can_only_be_read_by_who_makes_the_mistake(image):
    (tokens,) = fingerprint([("flipped", "It is flipped.", [outcome(image)])], SALT)[
        "mistakes"
    ]
    text = repr(tokens)
    assert "flipped" not in text and b"flipped".hex() not in text
