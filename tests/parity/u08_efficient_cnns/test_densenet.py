"""DenseNet against a functional twin, and against keras.applications.DenseNet121."""

import keras
import pytest

from solutions.u08_efficient_cnns import dense_block, densenet
from tests.parity.u08_efficient_cnns import comparing_blocks as compare

COUNTS = {  # depth, classes, stem and growth rate: trainable parameters
    (121, 1000, "imagenet", 32): 7_978_856,
    (169, 1000, "imagenet", 32): 14_149_480,
    (201, 1000, "imagenet", 32): 20_013_928,
    ((16, 16, 16), 10, "cifar", 12): 769_162,
}
CASES = {
    "imagenet": ((2, 1, 2), (2, 39, 33, 3), "imagenet"),
    "cifar": ((1, 2), (3, 9, 12, 1), "cifar"),
    "one image": ((1, 1), (1, 22, 26, 2), "imagenet"),
}
# On PyTorch the twin's normalizations compute in float32, whatever their dtype.
FLOAT64 = 1e-6 if compare.BACKEND == "tensorflow" else 1e-4


@pytest.fixture(autouse=True)
def all_of_the_course(monkeypatch):
    """The network, its blocks and their layers are all ours."""
    for module in (dense_block, densenet):
        compare.put_layers(monkeypatch, module)
    for name in ("DenseBlock", "TransitionBlock"):
        monkeypatch.setattr(densenet, name, getattr(dense_block, name))


@pytest.fixture
def pair(rng):
    """A narrow network and its twin, with the same weights, and images."""

    def made(blocks, shape, stem, dtype="float32"):
        twin = compare.stir(twin_of(blocks, shape[1:], stem, dtype), rng)
        model = densenet.DenseNet(blocks, 5, stem, 4, dtype=dtype)
        model.build((None, *shape[1:]))
        compare.same_weights(model, twin)
        kind = "float64" if dtype == "float64" else "float32"
        return model, twin, rng.normal(size=shape).astype(kind)

    return made


def twin_of(blocks, shape, stem, dtype):
    layers, like = keras.layers, {"dtype": dtype}

    def convolution(x, filters, size, strides=1, padding="same"):
        layer = layers.Conv2D(filters, size, strides, padding, use_bias=False, **like)
        return layer(x)

    def norm(x):
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **like)(x)
        return layers.Activation("relu", **like)(x)

    x = given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    if stem == "imagenet":
        x = layers.ZeroPadding2D(3, **like)(x)
        x = norm(convolution(x, 8, 7, 2, "valid"))
        x = layers.MaxPooling2D(3, 2, **like)(layers.ZeroPadding2D(1, **like)(x))
    else:
        x = convolution(x, 8, 3)
    for number, count in enumerate(blocks):
        if number:
            x = convolution(norm(x), x.shape[-1] // 2, 1)
            x = layers.AveragePooling2D(2, **like)(x)
        for _ in range(count):
            new = convolution(norm(convolution(norm(x), 16, 1)), 4, 3)
            x = layers.Concatenate(**like)([x, new])
    x = layers.GlobalAveragePooling2D(**like)(norm(x))
    return keras.Model(given, layers.Dense(5, **like)(x))


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_agrees_with_its_twin(pair, case, training):
    compare.same(*pair(*case), training, tolerance=1e-3 if training else 1e-4)


def test_float64_agrees_with_its_twin(pair):
    compare.same(*pair(*CASES["imagenet"], "float64"), tolerance=FLOAT64)


@pytest.mark.parametrize("size", COUNTS, ids=str)
def test_has_exactly_as_many_parameters_as_the_papers_networks(asked_for, size):
    densenet.DenseNet(*size).build((None, 224, 224, 3))
    assert sum(asked_for) == COUNTS[size]
    assert f"{COUNTS[size]:,}" in densenet.DenseNet.__doc__


def test_gives_the_logits_of_the_application(rng):
    """Its epsilon is 1.001e-5, larger by 1e-8: a float32 variance can't tell."""
    theirs = keras.applications.DenseNet121(
        weights=None, input_shape=(64, 32, 3), classes=10, classifier_activation=None
    )
    compare.stir(theirs, rng)
    images = rng.normal(size=(1, 64, 32, 3)).astype("float32")
    logits = theirs(images)
    model = densenet.DenseNet121(10)
    model.build((None, 64, 32, 3))
    compare.same_weights(model, theirs)
    compare.agree(model(images), logits, 1e-5)
    rebuilt, replaced = compare.rebuilt_from_course_layers(theirs)
    assert replaced == {"Conv2D", "BatchNormalization", "Dense", "MaxPooling2D",
                        "AveragePooling2D", "GlobalAveragePooling2D"}  # fmt: skip
    compare.agree(rebuilt(images), logits, 1e-5)


def test_survives_a_keras_file(pair, tmp_path):
    model, _, images = pair(*CASES["cifar"])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    compare.agree(loaded(images), model(images), 1e-6)
    assert loaded.get_config() == model.get_config()


@pytest.mark.parametrize("precision", compare.HALVES)
def test_works_in_mixed_precision(pair, precision):
    model, _, images = pair(*CASES["cifar"])

    def make(dtype):
        made = densenet.DenseNet((1, 2), 5, "cifar", 4, dtype=dtype)
        made.build(images.shape)
        made.set_weights(model.get_weights())
        return made

    compare.works_in_mixed_precision(make, precision, images)


def test_trains_in_a_graph(pair):
    model, _, images = pair((1, 1), (4, 8, 8, 1), "cifar")
    compare.trains_in_a_graph(model, images, jit_compile=False)


@pytest.mark.skipif(compare.BACKEND != "tensorflow", reason="XLA")
def test_predicts_under_xla(monkeypatch, pair):
    """With Keras's layers: compiling the course's takes three times as long, 17 s."""
    for module in (dense_block, densenet):
        compare.put_layers(monkeypatch, module, "keras")
    model, _, images = pair((1, 2), (3, 12, 16, 1), "imagenet")
    model.compile(jit_compile=True)
    compare.agree(model.predict(images, verbose=0), model(images))
