"""InceptionBlock and AuxiliaryClassifier against functional twins in Keras."""

import keras
import numpy as np
import pytest

from solutions.u08_efficient_cnns import inception_block as module
from tests.parity.u08_efficient_cnns import comparing_blocks as compare

BLOCKS = {  # batch, height, width and channels; the six of table 1
    "odd size": ((2, 7, 5, 3), (4, 3, 5, 2, 3, 6)),
    "even size": ((3, 6, 8, 2), (1, 2, 3, 4, 5, 6)),
    "one image, two rows": ((1, 2, 9, 4), (2, 2, 2, 2, 2, 2)),
    "one pixel": ((2, 1, 1, 3), (3, 1, 2, 1, 4, 2)),
}
CLASSIFIERS = {  # batch, height, width and channels; filters, units
    "as in the paper": ((2, 14, 14, 6), (4, 7)),
    "one place left": ((1, 5, 7, 3), (3, 5)),
    "not square": ((3, 8, 12, 2), (2, 6)),
}
WHOSE = pytest.mark.parametrize("whose", ["course", "keras"])
TRAINING = pytest.mark.parametrize("training", [False, True], ids=["fixed", "training"])


@pytest.fixture(autouse=True)
def course_layers(monkeypatch):
    compare.put_layers(monkeypatch, module)


def block_twin(shape, sizes, dtype):
    c1, r3, c3, r5, c5, projected = sizes
    like = {"padding": "same", "activation": "relu", "dtype": dtype}
    steps = [(c1, 1), (r3, 1), (c3, 3), (r5, 1), (c5, 5), (projected, 1)]
    convolutions = [keras.layers.Conv2D(n, size, **like) for n, size in steps]
    first, reduce3, conv3, reduce5, conv5, projection = convolutions
    x = given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    pooled = keras.layers.MaxPooling2D(3, 1, "same", dtype=dtype)(x)
    branches = [first(x), conv3(reduce3(x)), conv5(reduce5(x)), projection(pooled)]
    joined = keras.layers.Concatenate(dtype=dtype)(branches)
    return compare.InOrder(keras.Model(given, joined), convolutions)


def classifier_twin(shape, num_classes, filters, units, dtype):
    x = given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    x = keras.layers.AveragePooling2D(5, 3, dtype=dtype)(x)
    x = keras.layers.Conv2D(filters, 1, activation="relu", dtype=dtype)(x)
    x = keras.layers.Flatten(dtype=dtype)(x)
    x = keras.layers.Dense(units, activation="relu", dtype=dtype)(x)
    return keras.Model(given, keras.layers.Dense(num_classes, dtype=dtype)(x))


@pytest.fixture
def blocks(rng):
    """A block and its twin, with the same weights, and images below and above zero."""

    def made(shape, sizes, dtype="float32"):
        twin = compare.stir(block_twin(shape[1:], sizes, dtype), rng)
        block = module.InceptionBlock(*sizes, dtype=dtype)
        block.build((None, *shape[1:]))
        return in_order(block, twin), twin, images_of(rng, shape, dtype)

    return made


@pytest.fixture
def classifiers(rng):
    """A classifier without dropout and its twin, with the same weights, and images."""

    def made(shape, sizes, dtype="float32"):
        twin = compare.stir(classifier_twin(shape[1:], 5, *sizes, dtype), rng)
        classifier = module.AuxiliaryClassifier(5, *sizes, dropout_rate=0, dtype=dtype)
        classifier.build((None, *shape[1:]))
        return in_order(classifier, twin), twin, images_of(rng, shape, dtype)

    return made


def in_order(ours, twin):
    compare.same_weights(ours, twin)
    return ours


def images_of(rng, shape, dtype):
    return rng.normal(size=shape).astype("float64" if dtype == "float64" else "float32")


@WHOSE
@TRAINING
@pytest.mark.parametrize("case", BLOCKS.values(), ids=BLOCKS)
def test_the_block_agrees_with_its_twin(monkeypatch, blocks, case, training, whose):
    compare.put_layers(monkeypatch, module, whose)
    block, twin, images = blocks(*case)
    given = (None, *images.shape[1:])
    assert block.compute_output_shape(given) == twin.compute_output_shape(given)
    compare.same(block, twin, images, training)


@WHOSE
@TRAINING
@pytest.mark.parametrize("case", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_the_classifier_agrees_with_its_twin(
    monkeypatch, classifiers, case, training, whose
):
    compare.put_layers(monkeypatch, module, whose)
    classifier, twin, images = classifiers(*case)
    given = (None, *images.shape[1:])
    assert classifier.compute_output_shape(given) == twin.compute_output_shape(given)
    compare.same(classifier, twin, images, training)


def test_float64_agrees_with_the_twins(blocks, classifiers):
    compare.same(*blocks(*BLOCKS["odd size"], "float64"), tolerance=1e-6)
    compare.same(*classifiers(*CLASSIFIERS["not square"], "float64"), tolerance=1e-6)


@pytest.mark.parametrize("precision", compare.HALVES)
def test_work_in_mixed_precision(blocks, classifiers, precision):
    for pair, (shape, sizes) in (
        (blocks, BLOCKS["odd size"]),
        (classifiers, CLASSIFIERS["not square"]),
    ):
        layer, _, images = pair(shape, sizes)

        def make(dtype, layer=layer, shape=shape):
            made = type(layer).from_config({**layer.get_config(), "dtype": dtype})
            made.build(shape)
            made.set_weights(layer.get_weights())
            return made

        compare.works_in_mixed_precision(make, precision, images)


def test_the_block_survives_a_keras_file_with_an_unknown_image_size(blocks, tmp_path):
    block, _, images = blocks(*BLOCKS["even size"])
    compare.survives_a_keras_file(block, images, tmp_path)


def test_the_classifier_survives_a_keras_file(classifiers, tmp_path):
    classifier, _, images = classifiers(*CLASSIFIERS["as in the paper"])
    given = keras.Input(images.shape[1:])
    keras.Model(given, classifier(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    compare.agree(loaded(images), classifier(images), 1e-6)
    assert loaded.layers[-1].get_config() == classifier.get_config()


def test_train_in_a_graph(blocks, classifiers):
    block, _, images = blocks((4, 6, 5, 3), (4, 3, 5, 2, 3, 6))
    compare.trains_in_a_graph(block, images, jit_compile=False)
    classifier, _, images = classifiers((4, 8, 8, 3), (3, 6))
    compare.trains_in_a_graph(classifier, images, jit_compile=False)


@pytest.mark.skipif(compare.BACKEND != "tensorflow", reason="XLA")
def test_the_block_of_keras_layers_trains_under_xla(monkeypatch, blocks):
    """Those of the course do in tests/parity/u05_convolution."""
    compare.put_layers(monkeypatch, module, "keras")
    block, _, images = blocks((4, 6, 5, 3), (4, 3, 5, 2, 3, 6))
    compare.trains_in_a_graph(block, images, jit_compile=True)


def test_the_classifiers_of_the_paper_have_as_many_parameters_as_the_docstring_says():
    counts = {(14, 14, 512): 3_188_840, (14, 14, 528): 3_190_888}
    for shape, count in counts.items():
        classifier = module.AuxiliaryClassifier(1000)
        classifier.build((None, *shape))
        assert classifier.count_params() == count
    assert f"{counts[14, 14, 512]:,}" in module.AuxiliaryClassifier.__doc__


def test_a_block_of_table_1_costs_what_the_table_says():
    """Inception (3a): 159K weights without biases, 128M products on 28×28 places."""
    block = module.InceptionBlock(64, 96, 128, 16, 32, 32)
    block.build((None, 28, 28, 192))
    kernels = sum(int(np.prod(w.shape)) for w in block.weights if w.name == "kernel")
    assert kernels // 1024 == 159
    assert 28 * 28 * kernels // 10**6 == 128
    assert block.compute_output_shape((None, 28, 28, 192)) == (None, 28, 28, 256)
