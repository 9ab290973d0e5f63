"""DenseBlock and TransitionBlock against functional twins in Keras."""

import keras
import pytest

from solutions.u08_efficient_cnns import dense_block as module
from tests.parity.u08_efficient_cnns import comparing_blocks as compare

CASES = {  # batch, height, width and channels; layers and growth rate, or compression
    "one layer": ((2, 5, 6, 3), (1, 4)),
    "three layers": ((2, 4, 5, 5), (3, 2)),
    "one pixel": ((3, 1, 1, 2), (2, 3)),
    "half": ((2, 6, 8, 6), 0.5),
    "odd sizes, a quarter": ((1, 7, 9, 9), 0.25),
    "all": ((3, 4, 5, 3), 1.0),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
both = pytest.mark.parametrize("case", [CASES["three layers"], CASES["half"]],
                               ids=["dense block", "transition"])  # fmt: skip


@pytest.fixture(autouse=True)
def course_layers(monkeypatch):
    compare.put_layers(monkeypatch, module)


def block_of(settings, dtype="float32"):
    if isinstance(settings, tuple):
        return module.DenseBlock(*settings, dtype=dtype)
    return module.TransitionBlock(settings, dtype=dtype)


@pytest.fixture
def pair(rng):
    """A block and its twin, with the same weights, and images."""

    def made(shape, settings, dtype="float32"):
        twin = compare.stir(twin_of(shape[1:], settings, dtype), rng)
        block = block_of(settings, dtype)
        block.build((None, *shape[1:]))
        compare.same_weights(block, twin)
        kind = "float64" if dtype == "float64" else "float32"
        return block, twin, rng.normal(size=shape).astype(kind)

    return made


def twin_of(shape, settings, dtype):
    layers, like = keras.layers, {"dtype": dtype}

    def step(x, filters, size):
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **like)(x)
        x = layers.Activation("relu", **like)(x)
        convolution = layers.Conv2D(
            filters, size, padding="same", use_bias=False, **like
        )
        return convolution(x)

    x = given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    if isinstance(settings, float):
        x = step(x, int(settings * shape[-1]), 1)
        return keras.Model(given, layers.AveragePooling2D(2, **like)(x))
    count, rate = settings
    for _ in range(count):
        x = layers.Concatenate(**like)([x, step(step(x, 4 * rate, 1), rate, 3)])
    return keras.Model(given, x)


@pytest.mark.parametrize("whose", ["course", "keras"])
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@cases
def test_agrees_with_its_twin(monkeypatch, pair, case, training, whose):
    compare.put_layers(monkeypatch, module, whose)
    block, twin, images = pair(*case)
    given = (None, *images.shape[1:])
    assert block.compute_output_shape(given) == twin.compute_output_shape(given)
    compare.same(block, twin, images, training)


@both
def test_float64_agrees_with_its_twin(pair, case):
    compare.same(*pair(*case, "float64"), tolerance=1e-6)


@both
@pytest.mark.parametrize("precision", compare.HALVES)
def test_works_in_mixed_precision(pair, case, precision):
    block, _, images = pair(*case)

    def make(dtype):
        made = block_of(case[1], dtype)
        made.build(images.shape)
        made.set_weights(block.get_weights())
        return made

    compare.works_in_mixed_precision(make, precision, images)


@both
def test_survives_a_keras_file_with_an_unknown_image_size(pair, tmp_path, case):
    block, _, images = pair(*case)
    compare.survives_a_keras_file(block, images, tmp_path)


@pytest.mark.parametrize("name", ["one layer", "half"])
def test_trains_in_a_graph(pair, name):
    (_, *size), settings = CASES[name]
    block, _, images = pair((4, *size), settings)
    compare.trains_in_a_graph(block, images, jit_compile=False)


@pytest.mark.skipif(compare.BACKEND != "tensorflow", reason="XLA")
@pytest.mark.parametrize("name", ["one layer", "half"])
def test_trains_under_xla(monkeypatch, pair, name):
    """Of Keras's layers, whose graphs are smaller; those of the course are compiled one
    by one in the tests of their units."""
    compare.put_layers(monkeypatch, module, "keras")
    (_, *size), settings = CASES[name]
    block, _, images = pair((4, *size), settings)
    compare.trains_in_a_graph(block, images, jit_compile=True)
