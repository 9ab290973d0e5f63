"""GoogLeNet against a functional twin in Keras, and in fit, evaluate, save and load."""

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u06_classic_cnns.local_response_normalization import (
    LocalResponseNormalization,
)
from solutions.u08_efficient_cnns import googlenet as module
from solutions.u08_efficient_cnns import inception_block
from tests.parity.u08_efficient_cnns import comparing_blocks as compare

COUNTS = {  # arguments, image: parameters
    ((1000, False), (224, 224, 3)): 6_998_552,
    ((1000, True), (224, 224, 3)): 13_378_280,
    ((10, False, "cifar"), (32, 32, 3)): 5_976_122,
    ((10, True, "cifar"), (32, 32, 3)): 10_326_350,
}
# Both halvings and both classifiers are beside these.
FEW = {name: module.BLOCKS[name] for name in ("4a", "4d", "5a")}
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def all_of_the_course(monkeypatch):
    """The network, its blocks and their layers are all ours, not Keras's."""
    for here in (inception_block, module):
        compare.put_layers(monkeypatch, here)
    for name in ("InceptionBlock", "AuxiliaryClassifier"):
        monkeypatch.setattr(module, name, getattr(inception_block, name))
    normalization = LocalResponseNormalization
    monkeypatch.setattr(module, "LocalResponseNormalization", normalization)


def twin_of(shape, stem, dtype, width=8, num_classes=5):
    """Table 1 and figure 3; all answers side by side, those of the classifiers last."""
    made, behind = [], []

    def convolution(x, filters, size, strides=1, into=made):
        layer = keras.layers.Conv2D(
            filters, size, strides, "same", activation="relu", dtype=dtype
        )
        into.append(layer)
        return layer(x)

    def dense(x, units, activation=None, into=made):
        into.append(keras.layers.Dense(units, activation, dtype=dtype))
        return into[-1](x)

    def half(x):
        return keras.layers.MaxPooling2D(3, 2, "same", dtype=dtype)(x)

    def normalized(x):
        squares = ops.pad(ops.square(x), ((0, 0), (0, 0), (0, 0), (2, 2)))
        total = sum(squares[..., i : i + x.shape[-1]] for i in range(5))
        return x / ops.power(2 + 1e-4 * total, 0.75)

    def block(x, c1, r3, c3, r5, c5, projected):
        branches = [convolution(x, c1, 1)]
        branches.append(convolution(convolution(x, r3, 1), c3, 3))
        branches.append(convolution(convolution(x, r5, 1), c5, 5))
        pooled = keras.layers.MaxPooling2D(3, 1, "same", dtype=dtype)(x)
        branches.append(convolution(pooled, projected, 1))
        return keras.layers.Concatenate(dtype=dtype)(branches)

    def classifier(x):
        x = keras.layers.AveragePooling2D(5, 3, dtype=dtype)(x)
        x = convolution(x, 2 * width, 1, into=behind)
        x = keras.layers.Flatten(dtype=dtype)(x)
        x = dense(x, 16 * width, "relu", into=behind)
        return dense(x, num_classes, into=behind)

    large = stem == "imagenet"
    given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    x = convolution(given, width, 7 if large else 3, 2 if large else 1)
    x = normalized(half(x) if large else x)
    x = normalized(convolution(convolution(x, width, 1), 3 * width, 3))
    x, answers = half(x) if large else x, []
    for name, sizes in module.BLOCKS.items():
        x = half(x) if name in ("4a", "5a") else x
        x = block(x, *(n * width // 64 for n in sizes))
        if name in ("4a", "4d"):
            answers.append(classifier(x))
    x = keras.layers.GlobalAveragePooling2D(dtype=dtype)(x)
    answers.insert(0, dense(x, num_classes))
    joined = keras.layers.Concatenate(dtype=dtype)(answers)
    return compare.InOrder(keras.Model(given, joined), [*made, *behind])


class SideBySide(keras.Model):
    """All answers of a network as one array, as its twin gives them."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.built = True

    def call(self, inputs, training=False):
        outputs = self.network.outputs_of(self.network(inputs, training=training))
        return ops.concatenate(outputs, axis=-1)


@pytest.fixture
def few_blocks(monkeypatch):
    """Three of the nine, where nothing depends on how many there are."""
    monkeypatch.setattr(module, "BLOCKS", FEW)


@pytest.fixture
def network(rng):
    """A narrow network without dropout, with random weights, and bright images."""

    def made(shape, stem="cifar", dtype="float32", batch=2):
        model = module.GoogLeNet(5, True, stem, 8, 0, 0, dtype=dtype)
        model.build((None, *shape))
        compare.stir(model, rng)
        kind = "float64" if dtype == "float64" else "float32"
        return model, (100 * rng.normal(size=(batch, *shape))).astype(kind)

    return made


def twin_with_the_weights_of(model, shape, dtype="float32"):
    twin = twin_of(shape, model.stem, dtype)
    weights = model.get_weights()
    shapes = [tuple(weight.shape) for weight in twin.weights]
    assert [weight.shape for weight in weights] == shapes
    twin.set_weights(weights)
    return twin


def agrees_with_its_twin(network, shape, stem):
    model, images = network(shape, stem)
    twin = twin_with_the_weights_of(model, shape)
    compare.same(SideBySide(model), twin, images, training=True)
    compare.agree(model(images), twin(images)[:, :5])


def test_agrees_with_its_twin_all_of_the_courses_layers(monkeypatch, network):
    all_of_the_course(monkeypatch)
    agrees_with_its_twin(network, (12, 9, 3), "cifar")


def test_agrees_with_its_twin_for_large_images(few_blocks, network):
    agrees_with_its_twin(network, (65, 67, 1), "imagenet")


def test_float64_agrees_with_its_twin(few_blocks, network):
    model, images = network((9, 10, 2), dtype="float64")
    twin = twin_with_the_weights_of(model, (9, 10, 2), "float64")
    compare.agree(SideBySide(model)(images, training=True), twin(images), 1e-6)


@pytest.mark.parametrize("precision", compare.HALVES)
def test_works_in_mixed_precision(few_blocks, network, precision):
    model, images = network((9, 10, 2))

    def make(dtype):
        made = module.GoogLeNet.from_config({**model.get_config(), "dtype": dtype})
        made.build((None, 9, 10, 2))
        made.set_weights(model.get_weights())
        return made

    compare.works_in_mixed_precision(make, precision, images / 100)


@pytest.mark.parametrize("size", COUNTS, ids=str)
def test_has_exactly_as_many_parameters_as_the_paper_says(asked_for, size):
    arguments, shape = size
    module.GoogLeNet(*arguments).build((None, *shape))
    assert sum(asked_for) == COUNTS[size]
    assert f"{COUNTS[size]:,}" in module.GoogLeNet.__doc__


def test_without_classifiers_its_weights_are_the_first(few_blocks, network):
    model, images = network((9, 10, 2))
    short = module.GoogLeNet(5, False, "cifar", 8)
    short.build((None, 9, 10, 2))
    short.set_weights(model.get_weights()[: len(short.weights)])
    compare.agree(short(images), model(images), 1e-6)


def test_fit_and_evaluate_show_the_losses_that_the_docstring_says(few_blocks, network):
    """With a learning rate of 0, so that all epochs see the same weights."""
    model, images = network((9, 10, 1), batch=5)
    labels = np.array([0, 1, 2, 3, 4])
    answers = np.split(as_logits(model, images), 3, axis=-1)
    losses = [float(LOSS(labels, logits)) for logits in answers]
    right = float(np.mean(np.argmax(answers[0], axis=-1) == labels))
    model.compile(
        optimizer=keras.optimizers.SGD(0.0),
        loss=LOSS,
        metrics=["accuracy"],
        jit_compile=False,
    )
    history = model.fit(
        images, labels, batch_size=3, verbose=0, validation_data=(images, labels)
    ).history
    total = losses[0] + 0.3 * losses[1] + 0.3 * losses[2]
    assert history["loss"] == pytest.approx([total], rel=1e-4)
    assert history["val_loss"] == pytest.approx([losses[0]], rel=1e-4)
    assert history["accuracy"] == history["val_accuracy"] == pytest.approx([right])
    found = model.evaluate(images, labels, batch_size=3, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(losses[0], rel=1e-4)
    assert found["accuracy"] == pytest.approx(right)


def as_logits(model, images):
    return compare.as_array(SideBySide(model)(images, training=True)).astype("float32")


def test_a_step_moves_every_weight_and_survives_a_keras_file(
    few_blocks, network, tmp_path
):
    model, images = network((9, 10, 1), batch=4)
    labels = np.arange(4)
    model.compile(
        optimizer=keras.optimizers.SGD(1e-3, 0.9), loss=LOSS, run_eagerly=True
    )
    before = model.get_weights()
    model.fit(images, labels, batch_size=3, verbose=0)
    pairs = zip(model.weights, before, strict=True)
    moved = [not np.array_equal(compare.as_array(w), old) for w, old in pairs]
    assert np.mean(moved) > 0.9  # some relu sleep through a batch of four
    assert moved[-1] and moved[-7] and moved[-13]  # all three last layers
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    compare.agree(loaded(images), model(images), 1e-6)


def test_predicts_in_a_graph_of_the_courses_layers(monkeypatch, few_blocks, network):
    all_of_the_course(monkeypatch)
    model, images = network((9, 10, 1), batch=3)
    compare.predicts_in_a_graph(model, images)


def test_as_a_layer_of_another_model_it_is_its_logits(few_blocks, network):
    model, images = network((9, 10, 1), batch=4)
    given = keras.Input((9, 10, 1))
    outer = keras.Model(given, keras.layers.Rescaling(2.0)(model(given)))
    outer.compile(optimizer="sgd", loss=LOSS, run_eagerly=True)
    compare.agree(outer.predict(images, verbose=0), 2 * model(images))
    outer.fit(images, np.arange(4), verbose=0)
