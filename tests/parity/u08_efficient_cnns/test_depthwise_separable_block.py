"""DepthwiseSeparableBlock against a functional twin in Keras."""

import keras
import pytest

from solutions.u08_efficient_cnns import depthwise_separable_block as module
from tests.parity.u08_efficient_cnns import comparing_blocks as compare

CASES = {  # batch, height, width and channels; filters, stride
    "as it comes": ((2, 5, 6, 3), 3, 1),
    "more channels": ((2, 6, 5, 2), 5, 1),
    "even size, stride 2": ((2, 6, 8, 3), 4, 2),
    "odd size, stride 2": ((1, 7, 9, 3), 4, 2),
    "stride 3": ((3, 8, 7, 2), 3, 3),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(autouse=True)
def course_layers(monkeypatch):
    compare.put_layers(monkeypatch, module)


@pytest.fixture
def pair(rng):
    """A block and its twin, with the same weights, and images."""

    def made(shape, filters, strides, dtype="float32"):
        twin = compare.stir(twin_of(shape[1:], filters, strides, dtype), rng)
        block = module.DepthwiseSeparableBlock(filters, strides, dtype=dtype)
        block.build((None, *shape[1:]))
        compare.same_weights(block, twin)
        kind = "float64" if dtype == "float64" else "float32"
        return block, twin, (2 * rng.normal(size=shape)).astype(kind)

    return made


def twin_of(shape, filters, strides, dtype):
    def norm(x):
        x = keras.layers.BatchNormalization(dtype=dtype)(x)
        return keras.layers.ReLU(6.0, dtype=dtype)(x)

    like = {"padding": "same", "use_bias": False, "dtype": dtype}
    x = given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    x = norm(keras.layers.DepthwiseConv2D(3, strides, **like)(x))
    return keras.Model(given, norm(keras.layers.Conv2D(filters, 1, **like)(x)))


@pytest.mark.parametrize("whose", ["course", "keras"])
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@cases
def test_agrees_with_its_twin(monkeypatch, pair, case, training, whose):
    compare.put_layers(monkeypatch, module, whose)
    block, twin, images = pair(*case)
    given = (None, *images.shape[1:])
    assert block.compute_output_shape(given) == twin.compute_output_shape(given)
    compare.same(block, twin, images, training)


def test_float64_agrees_with_its_twin(pair):
    compare.same(*pair((2, 6, 9, 3), 4, 2, "float64"), tolerance=1e-6)


@pytest.mark.parametrize("precision", compare.HALVES)
def test_works_in_mixed_precision(pair, precision):
    block, _, images = pair((2, 6, 8, 3), 4, 2)

    def make(dtype):
        made = module.DepthwiseSeparableBlock(4, 2, dtype=dtype)
        made.build(images.shape)
        made.set_weights(block.get_weights())
        return made

    compare.works_in_mixed_precision(make, precision, images)


def test_survives_a_keras_file_with_an_unknown_image_size(pair, tmp_path):
    block, _, images = pair((2, 7, 6, 3), 4, 2)
    compare.survives_a_keras_file(block, images, tmp_path)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
def test_trains_in_a_graph(pair, jit_compile):
    if jit_compile and compare.BACKEND != "tensorflow":
        pytest.skip("XLA")
    block, _, images = pair((4, 6, 5, 3), 4, 2)
    compare.trains_in_a_graph(block, images, jit_compile)


def test_costs_what_equation_5_says():
    """Of the multiplications of a full convolution: 1/N + 1/k²."""
    block = module.DepthwiseSeparableBlock(64)
    block.build((None, 8, 8, 32))
    kernels = [w.shape for w in block.weights if w.name == "kernel"]
    cost = sum(shape[0] * shape[1] * shape[2] * shape[3] for shape in kernels)
    full = 3 * 3 * 32 * 64
    assert cost / full == pytest.approx(1 / 64 + 1 / 9)
