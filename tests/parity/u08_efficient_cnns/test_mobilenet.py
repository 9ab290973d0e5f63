"""MobileNet against a functional twin, and against keras.applications.MobileNet."""

import keras
import numpy as np
import pytest

from solutions.u08_efficient_cnns import depthwise_separable_block, mobilenet
from tests.parity.u08_efficient_cnns import comparing_blocks as compare

COUNTS = {  # alpha: trainable parameters with 1000 and with 10 classes
    1.0: (4_231_976, 3_217_226),
    0.75: (2_585_560, 1_824_250),
    0.5: (1_331_592, 823_722),
    0.25: (470_072, 215_642),
}
CASES = {
    "imagenet": (0.13, (2, 72, 65, 3), "imagenet"),
    "cifar, one image": (0.13, (1, 36, 33, 1), "cifar"),
}
# On PyTorch normalizations round what they measure to float32, Keras's all they
# compute; in training 27 of them amplify that.
FLOAT64 = 1e-6 if compare.BACKEND == "tensorflow" else 3e-3


@pytest.fixture(autouse=True)
def all_of_the_course(monkeypatch):
    """The network, its blocks and their layers are all ours."""
    for module in (depthwise_separable_block, mobilenet):
        compare.put_layers(monkeypatch, module)
    block = depthwise_separable_block.DepthwiseSeparableBlock
    monkeypatch.setattr(mobilenet, "DepthwiseSeparableBlock", block)


@pytest.fixture
def pair(rng):
    """A thin network and its twin, with the same weights, and images."""

    def made(alpha, shape, stem, dtype="float32"):
        twin = compare.stir(twin_of(alpha, shape[1:], stem, dtype), rng)
        model = mobilenet.MobileNet(alpha, 5, stem, dtype=dtype)
        model.build((None, *shape[1:]))
        compare.same_weights(model, twin)
        kind = "float64" if dtype == "float64" else "float32"
        return model, twin, rng.normal(size=shape).astype(kind)

    return made


def twin_of(alpha, shape, stem, dtype):
    """Table 1, a stride and the filters at a time."""
    like = {"padding": "same", "use_bias": False, "dtype": dtype}

    def finish(x):
        x = keras.layers.BatchNormalization(dtype=dtype)(x)
        return keras.layers.ReLU(6.0, dtype=dtype)(x)

    x = given = keras.Input(shape, dtype=None if dtype != "float64" else dtype)
    stride = 2 if stem == "imagenet" else 1
    x = finish(keras.layers.Conv2D(int(32 * alpha), 3, stride, **like)(x))
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    doubled = np.cumsum([1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0])
    for stride, times in zip(strides, doubled, strict=True):
        x = finish(keras.layers.DepthwiseConv2D(3, stride, **like)(x))
        filters = int(alpha * 32 * 2**times)
        x = finish(keras.layers.Conv2D(filters, 1, **like)(x))
    x = keras.layers.GlobalAveragePooling2D(dtype=dtype)(x)
    return keras.Model(given, keras.layers.Dense(5, dtype=dtype)(x))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_agrees_with_its_twin(pair, case):
    compare.same(*pair(*case))


def test_training_in_float64_agrees_with_its_twin(pair):
    model, twin, images = pair(0.13, (4, 48, 44, 1), "cifar", "float64")
    compare.same(model, twin, images, training=True, tolerance=FLOAT64)


@pytest.mark.parametrize("alpha", COUNTS)
def test_has_exactly_as_many_parameters_as_the_docstring_says(asked_for, alpha):
    mobilenet.MobileNet(alpha).build((None, 224, 224, 3))
    *body, kernel, bias = asked_for
    for classes, count in zip((1000, 10), COUNTS[alpha], strict=True):
        assert sum(body) + (kernel + bias) * classes // 1000 == count
        assert f"{count:,}" in mobilenet.MobileNet.__doc__


def test_gives_the_logits_of_the_application(rng):
    """Its last layer is a 1×1 convolution over one pixel: a Dense layer."""
    theirs = keras.applications.MobileNet(
        weights=None, input_shape=(64, 96, 3), classes=10, classifier_activation=None
    )
    compare.stir(theirs, rng)
    images = rng.normal(size=(2, 64, 96, 3)).astype("float32")
    logits = theirs(images)
    *values, kernel, bias = theirs.get_weights()
    model = mobilenet.MobileNet(1.0, 10)
    model.build((None, 64, 96, 3))
    model.set_weights([*values, kernel[0, 0], bias])
    compare.agree(model(images), logits, 1e-5)
    rebuilt, replaced = compare.rebuilt_from_course_layers(theirs)
    assert replaced == {"Conv2D", "DepthwiseConv2D", "BatchNormalization",
                        "GlobalAveragePooling2D"}  # fmt: skip
    compare.agree(rebuilt(images), logits, 1e-5)


def test_survives_a_keras_file(pair, tmp_path):
    model, _, images = pair(*CASES["cifar, one image"])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    compare.agree(loaded(images), model(images), 1e-6)
    assert loaded.get_config() == model.get_config()


def test_works_in_mixed_precision(pair):
    model, _, images = pair(*CASES["cifar, one image"])

    def make(dtype):
        made = mobilenet.MobileNet(0.13, 5, "cifar", dtype=dtype)
        made.build(images.shape)
        made.set_weights(model.get_weights())
        return made

    compare.works_in_mixed_precision(make, "mixed_float16", images)


@pytest.fixture
def keras_layers(monkeypatch):
    """A graph of the course's layers takes ten seconds to be made, one of a training
    step a minute, XLA's as long."""
    for module in (depthwise_separable_block, mobilenet):
        compare.put_layers(monkeypatch, module, "keras")


def test_predicts_in_a_graph_of_the_courses_layers(pair):
    model, _, images = pair(0.13, (3, 32, 32, 1), "cifar")
    compare.predicts_in_a_graph(model, images)


def test_a_step_of_training_moves_every_weight(keras_layers, pair):
    """With `fit`: `tf.function` on TensorFlow."""
    model, _, images = pair(0.13, (3, 32, 32, 1), "cifar")
    model.compile(optimizer="sgd", loss="mse", jit_compile=False)
    before = model.get_weights()
    model.fit(images, np.zeros((3, 5)), verbose=0)
    pairs = zip(model.weights, before, strict=True)
    assert [w.path for w, old in pairs if np.all(compare.as_array(w) == old)] == []


@pytest.mark.skipif(compare.BACKEND != "tensorflow", reason="XLA")
def test_predicts_under_xla(keras_layers, pair):
    model, _, images = pair(0.13, (3, 32, 32, 1), "cifar")
    model.compile(jit_compile=True)
    compare.agree(model.predict(images, verbose=0), model(images))
