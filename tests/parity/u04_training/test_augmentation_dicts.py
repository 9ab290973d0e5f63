"""What comes with the images: labels, boxes, masks, channels first, tf.data."""

import keras
import numpy as np
import pytest
from keras import ops, tree

from solutions.u04_training.augmentation import MixUp, RandomCrop, RandomFlip

FORMATS = (
    "xyxy yxyx xywh center_xywh center_yxhw rel_xyxy rel_yxyx rel_xywh rel_center_xywh"
).split()
H, W = 8, 12
NAMESAKES = {
    RandomFlip: keras.layers.RandomFlip,
    RandomCrop: keras.layers.RandomCrop,
    MixUp: keras.layers.MixUp,
}
LAYERS = pytest.mark.parametrize("layer_class", NAMESAKES)


def arguments(layer_class):
    return {"height": 5, "width": 4} if layer_class is RandomCrop else {}


def as_array(tensor):
    return ops.convert_to_numpy(tensor)


def same(actual, expected):
    tree.map_structure(
        lambda one, other: np.testing.assert_allclose(
            as_array(one), as_array(other), rtol=1e-5, atol=1e-5
        ),
        actual,
        expected,
    )


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def boxes_of(rng, batch, count=3):
    """In xyxy, inside the image, none of them empty."""
    low = rng.uniform(0, 0.5, size=(batch, count, 2)) * [W, H]
    high = low + rng.uniform(0.1, 0.5, size=(batch, count, 2)) * [W, H]
    return np.concatenate([low, high], axis=-1).astype("float32")


def data_of(rng, batch=6):
    boxes = boxes_of(rng, batch)
    return {
        "images": rng.normal(size=(batch, H, W, 3)).astype("float32"),
        "labels": np.eye(batch, dtype="float32"),
        "segmentation_masks": rng.integers(4, size=(batch, H, W, 1)),
        "bounding_boxes": {
            "boxes": boxes,
            "labels": rng.integers(5, size=boxes.shape[:2]).astype("int32"),
        },
    }


def converted(boxes, source, target, size=(H, W)):
    return keras.utils.bounding_boxes.convert_format(boxes, source, target, *size)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_keras_coins_flip_ours_like_keras(rng, mode, data_format):
    data = data_of(rng)
    if data_format == "channels_first":
        for part in ("images", "segmentation_masks"):
            data[part] = np.moveaxis(data[part], -1, 1).copy()
    ours, theirs = (
        layer(mode, seed=2, data_format=data_format, bounding_box_format="xyxy")
        for layer in (RandomFlip, keras.layers.RandomFlip)
    )
    drawn = theirs.get_random_transformation(data)
    assert 0 < np.mean(as_array(drawn["flips"])) < 1
    for part in ("images", "segmentation_masks"):
        for one in (data[part], data[part][:1]):
            flips = {**drawn, "flips": drawn["flips"][: len(one)]}
            same(
                ours.transform_images(one, flips),
                theirs.transform_images(ops.convert_to_tensor(one), flips),
            )
    boxes = tree.map_structure(ops.convert_to_tensor, data["bounding_boxes"])
    same(
        ours.transform_bounding_boxes(dict(boxes), drawn),
        theirs.transform_bounding_boxes(dict(boxes), drawn),
    )


@pytest.mark.parametrize("box_format", FORMATS)
def test_boxes_of_every_format_go_the_same_way(rng, box_format):
    boxes = boxes_of(rng, 4)
    for layer_class in NAMESAKES:
        found = []
        for way in ("xyxy", box_format):
            layer = layer_class(
                **arguments(layer_class), seed=3, bounding_box_format=way
            )
            given = {
                "images": np.zeros((4, H, W, 1), "float32"),
                "bounding_boxes": {
                    "boxes": as_array(converted(boxes, "xyxy", way)),
                    "labels": np.ones((4, 3), "int32"),
                },
            }
            out = layer(given, training=True)["bounding_boxes"]
            size = (5, 4) if layer_class is RandomCrop else (H, W)
            found.append((converted(out["boxes"], way, "xyxy", size), out["labels"]))
        np.testing.assert_allclose(*(as_array(b) for b, _ in found), atol=1e-4)
        if not (layer_class is RandomCrop and "rel" in box_format):  # rounded borders
            np.testing.assert_array_equal(*(as_array(labels) for _, labels in found))


def test_keras_partners_and_weights_mix_like_keras(rng):
    data = data_of(rng)
    ours, theirs = MixUp(2.0), keras.layers.MixUp(2.0, seed=4)
    drawn = theirs.get_random_transformation(data)
    for part in ("images", "labels"):
        method, tensor = f"transform_{part}", ops.convert_to_tensor(data[part])
        same(
            getattr(ours, method)(tensor, drawn), getattr(theirs, method)(tensor, drawn)
        )
    boxes = tree.map_structure(ops.convert_to_tensor, data["bounding_boxes"])
    joined = ours.transform_bounding_boxes(dict(boxes), drawn)
    same(joined["boxes"], theirs.transform_bounding_boxes(boxes, drawn)["boxes"])
    order = as_array(drawn["permutation_order"])
    labels = data["bounding_boxes"]["labels"]
    same(joined["labels"], np.concatenate([labels, labels[order]], axis=1))
    masks = data["segmentation_masks"].astype("float32")
    weights = as_array(drawn["mix_weight"])[:, None, None, None]
    mixed = weights * masks + (1 - weights) * masks[order]
    same(ours.transform_segmentation_masks(masks, drawn), mixed)


@pytest.mark.parametrize("training", [True, False])
def test_a_window_has_what_was_at_its_place(rng, training):
    data = data_of(rng)
    layer = RandomCrop(5, 4, seed=6, bounding_box_format="xyxy")
    rows, columns = np.mgrid[:H, :W]
    data["images"][:, ..., 0], data["images"][:, ..., 1] = rows, columns
    given = tree.map_structure(lambda array: array, data)
    found = layer(given, training=training)
    top, left = as_array(found["images"])[0, 0, 0, :2].astype(int)
    if not training:
        assert (top, left) == (1, 4)
    window = np.s_[:, top : top + 5, left : left + 4]
    same(found["images"], data["images"][window])
    same(found["segmentation_masks"], data["segmentation_masks"][window])
    same(found["labels"], data["labels"])
    moved = data["bounding_boxes"]["boxes"] - np.array([left, top, left, top])
    edges = np.clip(moved, 0, [4, 5, 4, 5])
    same(found["bounding_boxes"]["boxes"], edges)
    inside = np.all(edges[..., 2:] > edges[..., :2], axis=-1)
    labels = np.where(inside, data["bounding_boxes"]["labels"], -1)
    same(found["bounding_boxes"]["labels"], labels)


@pytest.mark.parametrize("size", [(10, 8), (5, 18), (16, 24), (9, 2)])
def test_smaller_images_become_what_resizing_makes_of_them(rng, size):
    data = data_of(rng, 2)
    layer = RandomCrop(*size, bounding_box_format="xyxy")
    expected, masks = (
        keras.layers.Resizing(*size, interpolation=way, crop_to_aspect_ratio=True)(part)
        for way, part in (
            ("bilinear", data["images"]),
            ("nearest", data["segmentation_masks"].astype("float32")),
        )
    )
    # the part that is resized, by NumPy: as high or as wide as the image
    scale = min(H / size[0], W / size[1])
    high, wide = (int(side * scale) for side in size)
    top, left = (H - high) // 2, (W - wide) // 2
    box = np.array([left, top, left + wide, top + high], "float32")
    data["bounding_boxes"]["boxes"][:, 0] = box
    for training in (True, False):
        found = layer(tree.map_structure(np.copy, data), training=training)
        same(found["images"], expected)
        same(found["segmentation_masks"], masks)
        first = as_array(found["bounding_boxes"]["boxes"])[:, 0]
        np.testing.assert_allclose(
            first, np.tile([0, 0, size[1], size[0]], (2, 1)), atol=1e-4
        )


@LAYERS
def test_one_example_is_a_batch_of_one(rng, layer_class):
    data, settings = data_of(rng, 1), {"seed": 9, "bounding_box_format": "xyxy"}
    one, batch = (layer_class(**arguments(layer_class), **settings) for _ in range(2))
    expected = batch(tree.map_structure(np.copy, data), training=True)
    found = one(tree.map_structure(lambda part: part[0], data), training=True)
    same(found, tree.map_structure(lambda part: part[0], expected))


@LAYERS
def test_a_dict_is_filled_where_keras_fills_it(rng, layer_class):
    filled = []
    for layer in (layer_class, NAMESAKES[layer_class]):
        given = {"images": np.ones((2, H, W, 1), "float32"), "others": np.ones(3)}
        before = given["images"]
        out = layer(**arguments(layer_class))(given, training=True)
        assert set(out) == {"images", "others"}
        filled.append(given["images"] is not before)
    assert filled[0] == filled[1] == (layer_class is not MixUp)


@LAYERS
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "float64"])
def test_boxes_and_labels_keep_their_precision(rng, layer_class, dtype):
    data = data_of(rng, 3)
    data["labels"] = data["labels"].astype("float64")
    layer = layer_class(
        **arguments(layer_class), dtype=dtype, bounding_box_format="xyxy"
    )
    shapes = tree.map_structure(lambda part: (None, *part.shape[1:]), data)
    inputs = tree.map_structure(
        lambda part: keras.Input(part.shape[1:], dtype=part.dtype), data
    )
    promised = layer(inputs)
    found = layer(tree.map_structure(np.copy, data), training=True)
    for outputs in (promised, found):
        dtypes = tree.map_structure(
            lambda part: keras.backend.standardize_dtype(part.dtype), outputs
        )
        pixels = dtype.removeprefix("mixed_")
        assert dtypes == {
            "images": pixels,
            "segmentation_masks": pixels,
            "labels": pixels if layer_class is MixUp else "float64",
            "bounding_boxes": {"boxes": "float32", "labels": "int32"},
        }
    flat = [tuple(part.shape[1:]) for part in tree.flatten(found)]
    assert [tuple(part.shape[1:]) for part in tree.flatten(promised)] == flat
    promise = layer.compute_output_shape(shapes)
    by_shape = [
        tuple(promise[name][1:]) for name in sorted(promise) if name != "bounding_boxes"
    ]
    assert by_shape == [tuple(found[name].shape[1:]) for name in sorted(promise)
                        if name != "bounding_boxes"]  # fmt: skip
    assert tuple(promise["bounding_boxes"]["boxes"][1:]) == flat[0]


@LAYERS
def test_a_pipeline_computes_what_the_layer_computes(rng, layer_class):
    from tensorflow import data as tf_data

    data, settings = data_of(rng, 5), {"seed": 8, "bounding_box_format": "xyxy"}
    mapped, eager = (
        layer_class(**arguments(layer_class), **settings) for _ in range(2)
    )
    batches = tf_data.Dataset.from_tensor_slices(data).batch(2)
    pipeline = batches.map(mapped)
    shape = (None, 5, 4, 3) if layer_class is RandomCrop else (None, H, W, 3)
    assert tuple(pipeline.element_spec["images"].shape) == shape
    count = 6 if layer_class is MixUp else 3
    spec = pipeline.element_spec["bounding_boxes"]
    assert tuple(spec["boxes"].shape) == (None, count, 4)
    assert spec["labels"].dtype.name == "int32"
    for found, batch in zip(
        pipeline.as_numpy_iterator(), batches.as_numpy_iterator(), strict=True
    ):
        same(found, eager(batch))
    images = tf_data.Dataset.from_tensors(data["images"]).map(mapped)
    assert next(images.as_numpy_iterator()).shape == (5, *shape[1:])


def test_refusals_name_what_is_wrong(rng):
    data = data_of(rng, 2)
    with pytest.raises(ValueError, match="bounding_box_format"):
        RandomFlip()(dict(data))
    flip = RandomFlip(bounding_box_format="xyxy")
    with pytest.raises(ValueError, match="'images'"):
        flip({"labels": data["labels"]})
    with pytest.raises(ValueError, match="rank 3"):
        flip(data["labels"])
    with pytest.raises(ValueError, match="keys 'boxes' and 'labels'"):
        flip({**data, "bounding_boxes": {"boxes": data["bounding_boxes"]["boxes"]}})
    with pytest.raises(ValueError, match="rank 2 or 3"):
        labels, box = np.zeros(2), np.zeros(4)
        flip({**data, "bounding_boxes": {"boxes": box, "labels": labels}})
    with pytest.raises(ValueError, match="as many axes"):
        flip({**data, "segmentation_masks": data["segmentation_masks"][..., 0]})
    with pytest.raises(ValueError, match="format"):
        RandomFlip(bounding_box_format="corners")(dict(data))
    with pytest.raises(ValueError, match="H and W"):
        RandomCrop(2, 2).get_random_transformation(keras.Input((None, None, 3)))
