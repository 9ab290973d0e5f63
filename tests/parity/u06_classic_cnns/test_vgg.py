"""VGG against keras.applications, and against a functional twin of any depth."""

import re

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u03_layers import dense, dropout
from solutions.u05_convolution import conv2d, pooling
from solutions.u06_classic_cnns import vgg
from tests.parity.u06_classic_cnns.comparing import (
    HALVES,
    agree,
    as_array,
    gradients,
    same_after_a_round_trip,
)

LAYERS = {
    "Conv2D": conv2d.Conv2D,
    "MaxPooling2D": pooling.MaxPooling2D,
    "Dense": dense.Dense,
    "Dropout": dropout.Dropout,
}
SIZES = {"num_classes": 5, "units": 6, "dropout_rate": 0.0, "width": 2}
FULL = {11: 132_863_336, 13: 133_047_848, 16: 138_357_544, 19: 143_667_240}
CIFAR = {11: 9_797_092, 13: 9_981_604, 16: 15_291_300, 19: 20_600_996}


@pytest.fixture(autouse=True)
def all_of_the_course(monkeypatch):
    """The network's layers are all ours; Keras alone has Flatten."""
    for name, layer in LAYERS.items():
        monkeypatch.setattr(vgg, name, layer)
    monkeypatch.setattr(vgg, "Flatten", keras.layers.Flatten)


@pytest.fixture
def zeros(monkeypatch):
    """Kernels start as zeros: a hundred million draws take their time."""
    for kind in ("HeNormal", "GlorotUniform"):
        initializer = getattr(keras.initializers, kind)
        monkeypatch.setattr(
            initializer,
            "__call__",
            lambda self, shape, dtype=None: ops.zeros(shape, dtype),
        )


def twin_of(shape, depth, num_classes, units, dropout_rate, width):
    given = x = keras.Input(shape)
    kinds = {11: "11222", 13: "22222", 16: "22333", 19: "22444"}
    for stage, count in enumerate(kinds[depth]):
        for _ in range(int(count)):
            filters = width * [1, 2, 4, 8, 8][stage]
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = keras.layers.Dense(units, activation="relu")(x)
        x = keras.layers.Dropout(dropout_rate)(x)
    return keras.Model(given, keras.layers.Dense(num_classes)(x))


def pair(rng, depth, shape, **settings):
    """Our network without dropout and its twin, with the same weights."""
    ours = vgg.VGG(depth, **SIZES, **settings)
    ours.build((None, *shape))
    theirs = twin_of(shape, depth, **SIZES)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    values = [
        rng.normal(size=w.shape) * np.sqrt(2 / np.prod(w.shape[:-1]))
        if len(w.shape) > 1
        else rng.uniform(-0.3, 0.3, w.shape)
        for w in theirs.weights
    ]
    for model in (ours, theirs):
        model.set_weights(values)
    return ours, theirs


@pytest.mark.parametrize("depth", [16, 19])
def test_gives_the_logits_of_the_application(rng, zeros, depth):
    """32 pixels, ten classes; the hidden layers have their 4096 units."""
    application = {16: keras.applications.VGG16, 19: keras.applications.VGG19}[depth]
    theirs = application(
        weights=None, input_shape=(32, 32, 3), classes=10, classifier_activation=None
    )
    draws = rng.standard_normal(2_400_000, dtype="float32")
    values = []
    for weight in theirs.weights:  # normal draws, repeated where a kernel is large
        spread = (
            np.sqrt(2 / np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 0.1
        )
        values.append(
            np.resize(rng.permutation(draws[:999_983]), weight.shape) * spread
        )
    images = rng.normal(size=(2, 32, 32, 3)).astype("float32")
    theirs.set_weights(values)
    wanted = as_array(theirs(images))
    del theirs
    ours = vgg.VGG16(10) if depth == 16 else vgg.VGG(19, 10)
    ours.build((None, 32, 32, 3))
    ours.set_weights(values)
    assert np.max(np.abs(wanted)) > 0.1
    agree(ours(images), wanted, 1e-5)


@pytest.mark.parametrize("depth", FULL)
def test_has_exactly_as_many_parameters_as_the_papers_networks(zeros, depth):
    for counts, shape, arguments in (
        (FULL, (224, 224, 3), {}),
        (CIFAR, (32, 32, 3), {"num_classes": 100, "units": 512}),
    ):
        model = vgg.VGG(depth, **arguments, dtype="float16")  # half the memory
        model.build((None, *shape))
        assert model.count_params() == counts[depth]
        row = rf"\| VGG-{depth} .*\b{counts[depth]:,} \|"
        assert re.search(row, vgg.VGG.__doc__)


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_agrees_with_its_functional_twin(rng, depth):
    shape = (32, 67, 3) if depth == 11 else (35, 32, 2)
    ours, theirs = pair(rng, depth, shape)
    for batch in (1, 3):
        images = rng.normal(size=(batch, *shape)).astype("float32")
        agree(ours(images), theirs(images))
        agree(ours(images, training=True), theirs(images, training=True))
    upstream = rng.normal(size=(3, 5))
    found = (gradients(model, images, upstream) for model in (ours, theirs))
    for mine, wanted in zip(*found, strict=True):
        agree(mine, wanted, 1e-3)


def test_drops_in_training_alone_also_where_fit_trains(rng):
    images = rng.normal(size=(2, 32, 32, 1)).astype("float32")
    model = vgg.VGG(11, 4, 64, width=2)
    agree(model(images), model(images), 0)
    first, second = (as_array(model(images, training=True)) for _ in range(2))
    assert not np.allclose(first, second)
    model.set_weights([w * 0 if w.ndim > 1 else w + 1 for w in model.get_weights()])
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(images[:1], np.array([1]), verbose=0)
    moved = np.any(model.get_weights()[-2] != 0, axis=1)
    assert 8 < np.sum(moved) < 56  # of 64 units, half of which are dropped


def test_survives_a_keras_file_and_a_graph(rng, tmp_path):
    model = vgg.VGG(11, **SIZES)
    images = rng.normal(size=(3, 32, 32, 3)).astype("float32")
    model(images)
    same_after_a_round_trip(model, images, tmp_path)
    assert model.compute_output_shape((None, 32, 32, 3)) == (None, 5)


@pytest.mark.parametrize("precision", [*HALVES, "float64"])
def test_hands_its_precision_on(rng, precision):
    ours, theirs = pair(rng, 11, (32, 33, 2), dtype=precision)
    images = rng.normal(size=(2, 32, 33, 2)).astype("float32")
    logits = ours(images)
    assert keras.backend.standardize_dtype(logits.dtype) == ours.compute_dtype
    assert {str(w.dtype) for w in ours.weights} == {ours.variable_dtype}
    agree(logits, theirs(images), HALVES.get(precision, 1e-4))


def test_refuses_what_is_no_network():
    for wrong in ({"depth": 10}, {"num_classes": 0}, {"units": 2.5}, {"width": -1}):
        with pytest.raises(ValueError, match="must be"):
            vgg.VGG(**{"depth": 11, **wrong})
    for shape in ((None, 31, 64, 3), (None, None, 32, 3)):
        with pytest.raises(ValueError, match="32×32"):
            vgg.VGG(11, **SIZES).build(shape)
