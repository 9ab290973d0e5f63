"""ResNet against plain PyTorch, and against keras.applications.ResNet50."""

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u07_residual import bottleneck, residual_block, resnet

BACKEND = keras.backend.backend()
COUNTS = {  # depth and stem, classes: trainable parameters
    (18, "imagenet", 1000): 11_689_512,
    (34, "imagenet", 1000): 21_797_672,
    (50, "imagenet", 1000): 25_557_032,
    (101, "imagenet", 1000): 44_549_160,
    (18, "cifar", 10): 11_173_962,
    (34, "cifar", 10): 21_282_122,
    (50, "cifar", 10): 23_520_842,
    (101, "cifar", 10): 42_512_970,
}
CASES = {
    "18, imagenet": (18, (2, 40, 33, 3), "imagenet"),
    "18, cifar": (18, (2, 9, 16, 3), "cifar"),
    "50, imagenet": (50, (2, 33, 38, 1), "imagenet"),
}


@pytest.fixture(autouse=True)
def all_of_the_course(course_layers, monkeypatch):
    """The network, its blocks and their layers are all ours."""
    for module in (residual_block, bottleneck, resnet):
        course_layers(module)
    monkeypatch.setattr(resnet, "ResidualBlock", residual_block.ResidualBlock)
    monkeypatch.setattr(resnet, "BottleneckBlock", bottleneck.BottleneckBlock)


@pytest.fixture
def pair(twins, compare, rng):
    """A narrow network and its twin, with the same weights, and images."""

    def made(depth, shape, stem, dtype="float32"):
        block = twins.residual_block if depth < 50 else twins.bottleneck
        counts = resnet.BLOCKS[depth]
        twin = twins.resnet(block, counts, 4, 5, stem == "imagenet", shape[-1])
        compare.stir(twin, rng)
        model = resnet.ResNet(depth, 5, stem, 4, dtype=dtype)
        model.build((None, *shape[1:]))
        model.set_weights(compare.weights_of(twin))
        return model, twin, rng.normal(size=shape).astype("float32")

    return made


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_agrees_with_torch(pair, compare, case, training):
    """In float64, where fifty normalizations of small batches stay comparable.

    On PyTorch Keras's `ops.mean` rounds to float32, and they amplify that.
    """
    model, twin, images = pair(*case, dtype="float64")
    twin, images = twin.double(), images.astype("float64")
    tolerance = 1e-4 if training and BACKEND == "torch" else 1e-6
    compare.same(model, twin, images, tolerance=tolerance, training=training)


def test_agrees_with_torch_in_float32(pair, compare):
    model, twin, images = pair(*CASES["18, imagenet"])
    compare.same(model, twin, images)


@pytest.mark.parametrize("size", COUNTS, ids=str)
def test_has_exactly_as_many_parameters_as_the_papers_networks(monkeypatch, size):
    def zeros(self, shape, dtype=None):
        return ops.zeros(shape, dtype)

    for kind in ("HeNormal", "GlorotUniform"):  # 44 million draws take their time
        monkeypatch.setattr(getattr(keras.initializers, kind), "__call__", zeros)
    depth, stem, classes = size
    model = resnet.ResNet(depth, classes, stem)
    model.build((None, 224, 224, 3))
    count = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert count == COUNTS[size]
    assert f"{count:,}" in resnet.ResNet.__doc__


@pytest.fixture(scope="module")
def application():
    """keras.applications.ResNet50 without its softmax, with random weights."""
    rng = np.random.default_rng(11)
    model = keras.applications.ResNet50(
        weights=None, input_shape=(64, 80, 3), classes=20, classifier_activation=None
    )
    for weight in model.weights:
        shape, name = weight.shape, weight.name
        if name == "kernel":
            values = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))
        else:
            low = 0.5 if name in ("gamma", "moving_variance") else -0.3
            values = rng.uniform(low, low + 0.8, size=shape)
        weight.assign(values.astype("float32"))
    images = rng.normal(size=(1, 64, 80, 3)).astype("float32")
    return model, images, ops.convert_to_numpy(model(images))


def test_the_application_rebuilt_from_course_layers_gives_its_logits(
    application, compare
):
    """Each layer of Keras is replaced by ours of the same name and configuration."""
    theirs, images, logits = application
    replaced = set()

    def ours(layer):
        kind = getattr(resnet, type(layer).__name__, type(layer))
        if kind is not type(layer):
            replaced.add(kind.__name__)
        return kind.from_config(layer.get_config())

    model = keras.models.clone_model(theirs, clone_function=ours)
    assert replaced == {"Conv2D", "BatchNormalization", "Dense", "MaxPooling2D",
                        "GlobalAveragePooling2D"}  # fmt: skip
    assert [w.shape for w in model.weights] == [w.shape for w in theirs.weights]
    model.set_weights(theirs.get_weights())
    compare.agree(model(images), logits, 1e-5)


def test_our_network_in_the_layout_of_the_application_gives_its_logits(
    application, compare
):
    """There the stride is in a block's first 1×1, and convolutions have biases.

    At inference a bias only shifts the moving mean of the normalization behind it; and
    epsilon is larger by 1e-8, which the moving variance can take over.
    """
    theirs, images, logits = application
    model = resnet.ResNet50(num_classes=20)
    model.build((None, 64, 80, 3))
    values = step_of(theirs, "conv1")
    for stage, count in enumerate(resnet.BLOCKS[50]):
        for number in range(count):
            name = f"conv{stage + 2}_block{number + 1}"
            steps = (1, 2, 3, 0) if number == 0 else (1, 2, 3)
            for step in steps:
                values += step_of(theirs, f"{name}_{step}")
    model.set_weights(values + theirs.get_layer("predictions").get_weights())
    for block in model.blocks:
        block.conv1.strides, block.conv2.strides = (block.strides,) * 2, (1, 1)
    compare.agree(model(images), logits, 1e-5)


def step_of(model, name):
    """Kernel, gamma, beta, mean and variance, with bias and epsilon folded in."""
    kernel, bias = model.get_layer(f"{name}_conv").get_weights()
    normalization = model.get_layer(f"{name}_bn")
    gamma, beta, mean, variance = normalization.get_weights()
    return [kernel, gamma, beta, mean - bias, variance + normalization.epsilon - 1e-5]


def test_survives_a_keras_file(pair, compare, tmp_path):
    model, _, images = pair(*CASES["18, cifar"])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    compare.agree(loaded(images), compare.as_array(model(images)), 1e-6)
    assert loaded.get_config() == model.get_config()


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_works_in_mixed_precision(pair, compare, precision):
    model, _, images = pair(*CASES["18, cifar"])
    half, _, _ = pair(*CASES["18, cifar"], dtype=precision)
    half.set_weights(model.get_weights())
    y = half(images)
    assert keras.backend.standardize_dtype(y.dtype) == precision.removeprefix("mixed_")
    tolerance = {"mixed_float16": 2e-2, "mixed_bfloat16": 0.15}[precision]
    compare.agree(y, compare.as_array(model(images)), tolerance)


def test_a_step_of_training_moves_every_weight(pair):
    """With `fit`: `tf.function` on TensorFlow, where the batch size is unknown."""
    model, _, images = pair(18, (4, 16, 16, 1), "cifar")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, jit_compile=False)
    before = model.get_weights()
    model.fit(images, np.arange(4) % 5, batch_size=3, verbose=0)
    pairs = zip(model.weights, before, strict=True)
    still = [
        weight.path
        for weight, old in pairs
        if np.all(ops.convert_to_numpy(weight) == old)
    ]
    assert still == []
