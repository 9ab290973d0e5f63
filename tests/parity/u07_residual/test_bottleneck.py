"""BottleneckBlock against a module of plain PyTorch."""

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u07_residual import bottleneck

BACKEND = keras.backend.backend()
CASES = {  # batch, height, width and channels; filters, stride
    "identity": ((2, 6, 5, 8), 2, 1),
    "as many as filters": ((2, 5, 6, 3), 3, 1),
    "even size, stride 2": ((2, 6, 8, 8), 2, 2),
    "odd size, stride 2": ((1, 7, 9, 3), 4, 2),
    "stride 3": ((3, 8, 7, 2), 3, 3),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
def pair(twins, compare, rng):
    """A block and its twin, with the same weights, and images."""

    def made(shape, filters, strides, dtype="float32"):
        twin = compare.stir(twins.bottleneck(shape[-1], filters, strides), rng)
        block = bottleneck.BottleneckBlock(filters, strides, dtype=dtype)
        block.build((None, *shape[1:]))
        block.set_weights(compare.weights_of(twin))
        return block, twin, rng.normal(size=shape).astype("float32")

    return made


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@cases
def test_agrees_with_torch(layers_from, pair, compare, case, training):
    layers_from(bottleneck)
    block, twin, images = pair(*case)
    trainable = sum(p.numel() for p in twin.parameters())
    assert sum(np.prod(w.shape) for w in block.trainable_weights) == trainable
    shape = block.compute_output_shape((None, *images.shape[1:]))
    assert shape == (None, *block(images).shape[1:])
    compare.same(block, twin, images, training=training)


def test_float64_agrees_with_torch(course_layers, pair, compare):
    course_layers(bottleneck)
    block, twin, images = pair((2, 6, 8, 3), 4, 2, dtype="float64")
    images = images.astype("float64")
    compare.same(block, twin.double(), images, tolerance=1e-6)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_works_in_mixed_precision(course_layers, pair, compare, precision):
    course_layers(bottleneck)
    block, _, images = pair((2, 6, 8, 3), 4, 2)
    half, _, _ = pair((2, 6, 8, 3), 4, 2, dtype=precision)
    half.set_weights(block.get_weights())
    y = half(images)
    assert keras.backend.standardize_dtype(y.dtype) == precision.removeprefix("mixed_")
    tolerance = {"mixed_float16": 1e-2, "mixed_bfloat16": 5e-2}[precision]
    compare.agree(y, compare.as_array(block(images)), tolerance)


def test_survives_a_keras_file_with_an_unknown_image_size(
    course_layers, pair, compare, tmp_path
):
    course_layers(bottleneck)
    block, _, images = pair((2, 7, 6, 3), 4, 2)
    given = keras.Input((None, None, 3))
    model = keras.Model(given, block(given))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    compare.agree(loaded(images), compare.as_array(block(images)), 1e-6)
    assert loaded.layers[-1].get_config() == block.get_config()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.function and XLA")
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
def test_trains_in_a_graph(course_layers, pair, compare, jit_compile):
    course_layers(bottleneck)
    block, _, images = pair((4, 6, 5, 3), 4, 2)
    given = keras.Input((6, 5, 3))
    model = keras.Model(given, block(given))
    model.compile(optimizer="sgd", loss="mse", jit_compile=jit_compile)
    target = ops.convert_to_numpy(block(images))
    model.fit(images, target, batch_size=3, verbose=0)
    compare.agree(model.predict(images, verbose=0), compare.as_array(block(images)))
