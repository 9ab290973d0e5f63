"""Public checks of the three layers. Chance is judged by statistics that a right layer
fails less than once in a billion runs.
"""

import numpy as np
import pytest

MODES = {
    "horizontal": [0, 1],
    "vertical": [0, 2],
    "horizontal_and_vertical": [0, 1, 2, 3],
}


def images_of(rng, count, height=3, width=4, channels=2):
    return rng.normal(size=(count, height, width, channels)).astype("float32")


def the_four(images):
    """An image as it is, mirrored left to right, upside down, and both."""
    wide, high = images[..., :, ::-1, :], images[..., ::-1, :, :]
    return [images, wide, high, high[..., :, ::-1, :]]


def kinds_of(found, images, equal):
    """The place in `the_four` of what was found for every image; −1 if it has none."""
    equal(getattr(found, "shape", None), images.shape, "the shape of the result")
    kinds = np.full(len(images), -1)
    for number, mirrored in enumerate(the_four(images)):
        kinds[np.all(found == mirrored, axis=(1, 2, 3))] = number
    return kinds


def which_flip(layer, images, equal):
    return kinds_of(layer(images, training=True), images, equal)


def same_parts(found, given, equal):
    parts = sorted(found) if isinstance(found, dict) else found
    equal(parts, sorted(given), "the parts that came back")


def shares(kinds, count):
    """How often each kind came, to the nearest 0.1: 7 standard deviations either side."""
    return [round(10 * np.mean(kinds == kind)) / 10 for kind in range(count)]


@pytest.mark.points(2)
@pytest.mark.parametrize("mode", ["horizontal", "vertical"])
def test_flips_half_of_the_images_in_the_direction_asked_for(student, rng, equal, mode):
    images = images_of(rng, 5000, 2, 3, 1)
    kinds = which_flip(student.RandomFlip(mode), images, equal)
    expected = [0.5, 0.5, 0, 0] if mode == "horizontal" else [0.5, 0, 0.5, 0]
    equal(shares(kinds, 4), expected,
          "the shares of untouched, left to right, upside down, both")  # fmt: skip


@pytest.mark.points(2)
def test_tosses_two_coins_where_both_directions_are_allowed(student, rng, equal):
    images = images_of(rng, 20_000, 2, 3, 1)
    kinds = which_flip(student.RandomFlip(), images, equal)
    found = [round(20 * np.mean(kinds == kind)) / 20 for kind in range(4)]
    equal(
        found, [0.25] * 4, "the shares of untouched, left to right, upside down, both"
    )


def test_flips_anew_in_every_call_and_repeatably_with_a_seed(student, rng, equal):
    images = images_of(rng, 64)
    one, two = student.RandomFlip(seed=7), student.RandomFlip(seed=7)
    first, second = (which_flip(one, images, equal) for _ in range(2))
    equal(np.array_equal(first, second), False, "whether two calls flip the same")
    again = [which_flip(two, images, equal) for _ in range(2)]
    equal(np.array_equal(again, [first, second]), True, "whether a seed repeats itself")


@pytest.mark.points(2)
def test_masks_and_boxes_are_mirrored_with_their_images(student, rng, close, equal):
    images, boxes = images_of(rng, 32), np.array([[0, 0, 1, 2], [1, 0, 3, 1]])
    boxes = np.tile(boxes.astype("float32"), (32, 1, 1))
    around = {"boxes": boxes, "labels": np.ones((32, 2), "int32")}
    parts = {"images": images, "segmentation_masks": images, "bounding_boxes": around}
    found = student.RandomFlip(bounding_box_format="xyxy")(parts, training=True)
    same_parts(found, parts, equal)
    kinds = kinds_of(found["images"], images, equal)
    close(found["segmentation_masks"], found["images"], "the masks, copies of images")
    same_parts(found["bounding_boxes"], around, equal)
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)
    wide, high = (kinds % 2 == 1)[:, None], (kinds > 1)[:, None]
    edges = [np.where(wide, 4 - right, left), np.where(high, 3 - bottom, top),
             np.where(wide, 4 - left, right), np.where(high, 3 - top, bottom)]  # fmt: skip
    close(found["bounding_boxes"]["boxes"], np.stack(edges, axis=-1), "the boxes")


def test_flips_and_mixes_nothing_at_inference(student, rng, close):
    images = images_of(rng, 9)
    flip, mix = student.RandomFlip(), student.MixUp(1.0)
    flip(images)
    mix(images)
    close(flip(images, training=False), images, "RandomFlip's result")
    close(mix(images, training=False), images, "MixUp's result")


@pytest.mark.points(2)
def test_cuts_one_window_out_of_all_images(student, rng, close, equal):
    images, layer = images_of(rng, 3, 5, 6), student.RandomCrop(4, 3)
    for _ in range(4):
        found = layer(images, training=True)
        equal(getattr(found, "shape", None), (3, 4, 3, 2), "the shape of the result")
        places = [(top, left) for top in range(2) for left in range(4)]
        windows = [images[:, top : top + 4, left : left + 3] for top, left in places]
        match = [np.array_equal(found, window) for window in windows]
        equal(any(match), True, "whether it is a window of the images")


@pytest.mark.points(2)
def test_every_place_for_a_window_comes_up(student, equal):
    rows, columns = np.mgrid[:4, :4].astype("float32")
    image = np.stack([rows, columns], axis=-1)[None]
    layer, corners = student.RandomCrop(3, 3), []
    for _ in range(34):  # one of the answers below is missed once in 3 billion runs
        found = layer(image, training=True)
        equal(getattr(found, "shape", None), (1, 3, 3, 2), "the shape of the result")
        corners.append(np.asarray(found, float)[0, 0, 0].tolist())
    tops, lefts = zip(*corners, strict=True)
    equal(sorted(set(tops)), [0.0, 1.0], "the rows in which windows began")
    equal(sorted(set(lefts)), [0.0, 1.0], "the columns in which windows began")
    equal(tops == lefts, False, "whether rows and columns are drawn as one")


def test_cuts_out_the_middle_at_inference(student, rng, close):
    images, layer = images_of(rng, 2, 7, 8), student.RandomCrop(4, 4)
    layer(images)
    close(layer(images, training=False), images[:, 1:5, 2:6])


def mixed(student, layer, close, equal, count=400):
    """λ, partners and labels of a batch whose images and labels say who is who."""
    names = np.eye(count, dtype="float32")
    images = np.tile(names[:, None, :, None], (1, 2, 1, 1))
    found = layer({"images": images, "labels": names}, training=True)
    same_parts(found, {"images": images, "labels": names}, equal)
    for part, shape in (("images", images.shape), ("labels", names.shape)):
        equal(getattr(found[part], "shape", None), shape, f"the shape of the {part}")
    labels = found["labels"]
    close(found["images"][:, 1, :, 0], labels, "the images, mixed as the labels are")
    close(labels.sum(axis=1), np.ones(count, "float32"), "the sums of the labels")
    weights = np.diagonal(labels).copy()
    others = labels - np.diag(weights)
    partners = np.where(others.max(axis=1) > 0, others.argmax(axis=1), np.arange(count))
    return weights, partners, labels


@pytest.mark.points(3)
def test_mixes_each_example_with_one_other_of_the_batch(student, close, equal):
    weights, partners, labels = mixed(student, student.MixUp(1.0), close, equal)
    rows = np.diag(weights)
    rows[np.arange(400), partners] += np.where(
        partners == np.arange(400), 0, 1 - weights
    )
    close(labels, rows, "the mixed labels, from their weights and partners")
    alone = int(np.sum(partners == np.arange(400)))
    equal(alone < 40, True, "whether hardly anybody is mixed with itself")
    equal(len(set(partners.tolist())), 400, "how many different partners there are")


@pytest.mark.points(2)
@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_draws_a_weight_for_each_example_from_beta(student, close, equal, alpha):
    weights, _, _ = mixed(student, student.MixUp(alpha), close, equal)
    close(float(np.mean(weights)), 0.5, "the mean of the weights", tolerance=0.3)
    expected = 0.5 / (2 * alpha + 1) ** 0.5  # 7 standard deviations are 0.21 of it
    found = float(np.std(weights))
    close(found, expected, "the standard deviation of the weights", tolerance=0.22)
