"""Hidden checks of the three layers: single images, graphs, precisions, bookkeeping."""

import keras
import numpy as np
import pytest


def images_of(rng, *shape):
    return rng.normal(size=shape).astype("float32")


def test_one_image_without_a_batch(student, rng, equal):
    image = images_of(rng, 3, 4, 3)
    kinds = [image, image[:, ::-1], image[::-1], image[::-1, ::-1]]
    layer, seen = student.RandomFlip(), set()
    for _ in range(80):
        found = layer(image, training=True)
        equal(getattr(found, "shape", None), image.shape, "the shape of the result")
        ways = [k for k, kind in enumerate(kinds) if np.array_equal(found, kind)]
        equal(len(ways), 1, "the number of ways to flip that give this result")
        seen.update(ways)
    equal(sorted(seen), [0, 1, 2, 3], "the ways in which it was flipped")


def test_one_image_is_cropped(student, rng, close, equal):
    image = images_of(rng, 6, 5, 2)
    found = student.RandomCrop(6, 4)(image, training=True)
    equal(getattr(found, "shape", None), (6, 4, 2), "the shape of the result")
    match = any(np.array_equal(found, image[:, k : k + 4]) for k in range(2))
    equal(match, True, "whether it is a window of the image")


def test_a_window_as_large_as_the_image(student, rng, close):
    images = images_of(rng, 2, 4, 5, 3)
    close(student.RandomCrop(4, 5)(images, training=True), images)


@pytest.mark.points(2)
def test_flips_of_neighbours_and_directions_are_independent(student, rng, equal):
    image = np.arange(4, dtype="float32").reshape(1, 2, 2, 1)
    layer = student.RandomFlip(seed=3)
    found = layer(np.tile(image, (20_000, 1, 1, 1)), training=True)
    equal(getattr(found, "shape", None), (20_000, 2, 2, 1), "the shape of the result")
    corner = np.asarray(found)[:, 0, 0, 0].astype(int)
    wide, high = corner % 2, corner // 2
    for name, one, other in (
        ("the two directions", wide, high),
        ("neighbours", wide[1:], wide[:-1]),
    ):
        both = round(20 * np.mean(one & other)) / 20
        equal(both, 0.25, f"how often {name} are both flipped")


def test_crops_anew_in_every_call_and_repeatably_with_a_seed(student, rng, equal):
    image = np.arange(400, dtype="float32").reshape(1, 20, 20, 1)
    corners = []
    for seed in (5, 5, 6):
        layer, found = student.RandomCrop(3, 3, seed=seed), []
        for _ in range(12):
            window = layer(image, training=True)
            equal(getattr(window, "shape", None), (1, 3, 3, 1), "the result's shape")
            found.append(float(window[0, 0, 0, 0]))
        corners.append(found)
    equal(corners[0] == corners[1], True, "whether a seed repeats its windows")
    equal(corners[0] == corners[2], False, "whether another seed has the same ones")
    equal(len(set(corners[0])) > 2, True, "whether the windows move")


@pytest.mark.points(2)
@pytest.mark.parametrize("name", ["RandomFlip", "RandomCrop", "MixUp"])
def test_trains_and_predicts_in_a_graph(student, rng, close, name):
    images = images_of(rng, 5, 4, 4, 1)
    layer = (
        student.RandomCrop(2, 2) if name == "RandomCrop" else getattr(student, name)()
    )
    target = images[:, 1:3, 1:3] if name == "RandomCrop" else images
    layer(images, training=True)
    student.trained(layer, images, target, batch_size=3, loss="mse")
    close(student.predicted(layer, images), target)


def test_mixes_in_another_way_in_every_call(student, rng, equal):
    images, layer = images_of(rng, 16, 2, 2, 1), student.MixUp(1.0, seed=4)
    first, second = (layer(images, training=True) for _ in range(2))
    for found in (first, second):
        equal(getattr(found, "shape", None), images.shape, "the shape of the result")
    equal(np.allclose(first, second), False, "whether two calls mix the same")
    again = student.MixUp(1.0, seed=4)(images, training=True)
    equal(getattr(again, "shape", None), images.shape, "the shape of the result")
    equal(np.allclose(first, again), True, "whether a seed repeats itself")


def test_labels_pass_at_inference(student, rng, close, equal):
    images, labels = images_of(rng, 3, 2, 2, 1), np.eye(3, dtype="float32")
    layer = student.MixUp()
    layer(images)
    found = layer({"images": images, "labels": labels}, training=False)
    equal(sorted(found) if isinstance(found, dict) else found, ["images", "labels"])
    close(found["labels"], labels)
    close(found["images"], images)


@pytest.mark.parametrize("dtype", ["float64", "mixed_float16"])
def test_gives_its_own_dtype_for_whole_numbers_too(student, rng, equal, dtype):
    images = rng.integers(255, size=(4, 6, 6, 1)).astype("uint8")
    plain = dtype.removeprefix("mixed_")
    for layer in (
        student.RandomFlip(dtype=dtype),
        student.RandomCrop(3, 3, dtype=dtype),
        student.MixUp(dtype=dtype),
    ):
        found = layer(images, training=True)
        equal(str(getattr(found, "dtype", None)), plain, "the dtype")


def test_configurations_make_the_same_layers_again(student, rng, close):
    images = images_of(rng, 8, 5, 6, 1)
    for name, settings in (
        ("RandomFlip", {"mode": "vertical", "seed": 3}),
        ("RandomCrop", {"height": 2, "width": 3, "seed": 3}),
        ("MixUp", {"alpha": 1.0, "seed": 3}),
    ):
        kind = getattr(student, name)
        layer, copy = kind(**settings), kind.from_config(kind(**settings).get_config())
        close(copy(images, training=True), layer(images, training=True), name)


def parts_of(found, given, equal):
    """What came back, if it has the parts and the shapes that were asked for."""
    for name, shape in given.items():
        part = found.get(name) if isinstance(found, dict) else None
        if isinstance(shape, dict):
            parts_of(part, shape, equal)
        else:
            equal(getattr(part, "shape", None), shape, f"the shape of the {name}")
    return found


@pytest.mark.parametrize("training", [True, False])
def test_masks_and_boxes_are_cut_with_their_images(
    student, rng, close, equal, training
):
    rows, columns = np.mgrid[:7, :9].astype("float32")
    images = np.tile(np.stack([rows, columns], axis=-1), (2, 1, 1, 1))
    boxes = rng.uniform(0, 3, size=(2, 3, 4)).astype("float32")
    boxes[..., 2:] += boxes[..., :2]
    boxes[0, 0] = [0, 0, 1, 1]  # is outside all windows but the first
    around = {"boxes": boxes, "labels": np.ones((2, 3), "int32")}
    parts = {"images": images, "segmentation_masks": images, "bounding_boxes": around}
    found = student.RandomCrop(4, 4, bounding_box_format="xyxy")(
        parts, training=training
    )
    around = {"boxes": (2, 3, 4), "labels": (2, 3)}
    window = (2, 4, 4, 2)
    shapes = {"images": window, "segmentation_masks": window, "bounding_boxes": around}
    found = parts_of(found, shapes, equal)
    close(found["segmentation_masks"], found["images"], "the masks, copies of images")
    top, left = np.asarray(found["images"], float)[0, 0, 0]
    edges = np.clip(boxes - np.array([left, top, left, top]), 0, 4).astype("float32")
    close(found["bounding_boxes"]["boxes"], edges, "the boxes")
    inside = np.all(edges[..., 2:] > edges[..., :2], axis=-1)
    equal(found["bounding_boxes"]["labels"].tolist(), np.where(inside, 1, -1).tolist())


def test_a_mixture_has_the_boxes_of_both(student, rng, close, equal):
    names = np.eye(9, dtype="float32")
    boxes = rng.uniform(size=(9, 2, 4)).astype("float32")
    around = {"boxes": boxes, "labels": np.arange(18, dtype="int32").reshape(9, 2)}
    given = {
        "images": images_of(rng, 9, 2, 2, 1),
        "labels": names,
        "bounding_boxes": around,
    }
    layer = student.MixUp(4.0, bounding_box_format="rel_xyxy")
    found = layer(given, training=True)
    both = {"boxes": (9, 4, 4), "labels": (9, 4)}
    parts_of(found, {"labels": (9, 9), "bounding_boxes": both}, equal)
    others = np.asarray(found["labels"], float) * (1 - names)
    partners = np.where(others.max(axis=1) > 0, others.argmax(axis=1), np.arange(9))
    for part, own in around.items():
        expected = np.concatenate([own, own[partners]], axis=1)
        close(found["bounding_boxes"][part].astype("float32"),
              expected.astype("float32"), f"{part} of both")  # fmt: skip


@pytest.mark.parametrize("name", ["RandomFlip", "RandomCrop", "MixUp"])
def test_channels_may_come_first(student, rng, close, name):
    images = images_of(rng, 6, 3, 5, 4)
    settings = {"height": 3, "width": 2} if name == "RandomCrop" else {}
    first, last = (
        getattr(student, name)(**settings, seed=5, data_format=data_format)
        for data_format in ("channels_first", "channels_last")
    )
    expected = last(np.moveaxis(images, 1, -1), training=True)
    close(first(images, training=True), np.moveaxis(np.asarray(expected), -1, 1))


def test_images_under_the_window_are_enlarged(student, rng, close):
    images = images_of(rng, 2, 5, 7, 3)
    expected = keras.ops.image.resize(images, (6, 4), crop_to_aspect_ratio=True)
    close(student.RandomCrop(6, 4)(images, training=True), expected)


def test_refuses_what_makes_no_sense(student, rng, raises):
    images = images_of(rng, 2, 3, 3, 1)
    flip = student.RandomFlip()
    flip(images)
    raises(ValueError, student.RandomFlip, "diagonal")
    raises(ValueError, flip, {"images": images, "segmentation_masks": images[..., 0]})
    around = {"boxes": np.zeros((2, 1, 4)), "labels": np.zeros((2, 1))}
    raises(ValueError, flip, {"images": images, "bounding_boxes": around})
    student.MixUp()(images)
    raises(ValueError, student.MixUp, 0.0)
    labelled = {"images": images, "labels": np.array([0, 1])}
    raises(ValueError, student.MixUp(), labelled)
