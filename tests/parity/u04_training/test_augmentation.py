"""The augmentation layers beside Keras's: where they agree, and what they draw."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u04_training import augmentation

ARGUMENTS = {
    "RandomFlip": {"mode": "horizontal"},
    "RandomCrop": {"height": 4, "width": 3},
    "MixUp": {"alpha": 0.3},
}
names = pytest.mark.parametrize("name", ARGUMENTS)


def both(name, /, **more):
    ours, theirs = getattr(augmentation, name), getattr(keras.layers, name)
    return ours(**ARGUMENTS[name], **more), theirs(**ARGUMENTS[name], **more)


def as_array(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@names
def test_is_called_and_configured_like_keras(name):
    ours, theirs = getattr(augmentation, name), getattr(keras.layers, name)
    expected = inspect.signature(theirs).parameters.values()
    assert [
        (p.name, p.default) for p in inspect.signature(ours).parameters.values()
    ] == [(p.name, p.default) for p in expected]
    for more in (
        {"seed": 3},
        {"seed": 4, "data_format": "channels_first", "bounding_box_format": "xywh"},
    ):
        mine, oracle = both(name, name="layer", **more)
        config = mine.get_config()
        assert config == oracle.get_config()
        copy = keras.layers.deserialize(keras.layers.serialize(mine))
        assert type(copy) is ours
        assert copy.get_config() == config
    with pytest.raises(ValueError):
        ours(**ARGUMENTS[name], data_format="channels_middle")


@names
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_shapes_and_dtypes_are_those_of_keras(rng, name, dtype, data_format):
    ours, theirs = both(name, dtype=dtype, data_format=data_format)
    for images in (rng.normal(size=(1, 7, 5, 6)), rng.integers(9, size=(3, 5, 6, 4))):
        assert ours.compute_output_shape((None, *images.shape[1:])) == tuple(
            theirs.compute_output_shape((None, *images.shape[1:]))
        )
        one, other = ours(images), theirs(images)
        assert tuple(one.shape) == tuple(other.shape)
        assert one.dtype == other.dtype
        assert ours.count_params() == 0


@names
def test_inference_is_that_of_keras(rng, name):
    images = rng.normal(size=(2, 6, 5, 3)).astype("float32")
    ours, theirs = both(name)
    expected = as_array(theirs(images, training=False))
    if name == "RandomCrop":  # which Keras leaves as large as they are
        expected = expected[:, 1:5, 1:4]
    np.testing.assert_array_equal(as_array(ours(images, training=False)), expected)


@names
def test_trains_predicts_and_survives_a_file(rng, name, tmp_path):
    images = rng.normal(size=(5, 6, 6, 1)).astype("float32")
    layer, _ = both(name)
    given = keras.Input((6, 6, 1))
    model = keras.Model(given, keras.layers.Flatten()(layer(given)))
    model.compile("sgd", "mse")
    model.fit(images, np.zeros(model.compute_output_shape((5, 6, 6, 1))), 2, verbose=0)
    first = model.predict(images, batch_size=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), first)
    model.compile(jit_compile=keras.backend.backend() == "tensorflow")
    np.testing.assert_allclose(model.predict(images, verbose=0), first)


@names
def test_gradients_flow_back_to_where_the_pixels_came_from(rng, name):
    images = rng.normal(size=(4, 6, 5, 1)).astype("float32")
    layer, x = both(name, seed=2)[0], autodiff.watch(images)
    (gradient,) = autodiff.gradients(lambda: ops.sum(layer(x, training=True)), [x])
    pixels = 4 * (12 if name == "RandomCrop" else 30)
    np.testing.assert_allclose(np.sum(as_array(gradient)), pixels, rtol=1e-5)


def test_flips_as_often_as_keras(rng):
    image = np.arange(2, dtype="float32").reshape(1, 1, 2, 1)
    images = np.tile(image, (40_000, 1, 1, 1))
    shares = [
        np.mean(as_array(layer(images))[:, 0, 0, 0]) for layer in both("RandomFlip")
    ]
    np.testing.assert_allclose(shares, 0.5, atol=0.02)  # 8 standard deviations


def test_crops_at_every_place_as_often_as_keras():
    image = np.zeros((1, 5, 6, 1), "float32")
    ours, theirs = both("RandomCrop", seed=1)
    for draw in (
        lambda: ours.get_random_transformation(image)["corner"],
        lambda: theirs.get_random_transformation(image),
    ):
        corners = [tuple(int(side) for side in draw()) for _ in range(400)]
        places = [(top, left) for top in range(2) for left in range(4)]
        assert set(corners) == set(places)
        counts = [corners.count(place) for place in places]
        np.testing.assert_allclose(np.array(counts) / 400, 1 / 8, atol=0.11)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 3.0])
def test_weights_have_the_moments_of_beta(alpha):
    layer, count = augmentation.MixUp(alpha, seed=1), 2000
    labels = np.eye(count, dtype="float32")
    images = np.zeros((count, 1, 1, 1), "float32")
    mixed = as_array(layer({"images": images, "labels": labels})["labels"])
    weights = np.diagonal(mixed)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.mean(weights), 0.5, atol=0.08)
    np.testing.assert_allclose(np.var(weights), 0.25 / (2 * alpha + 1), rtol=0.15)
