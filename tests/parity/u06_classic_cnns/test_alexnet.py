"""AlexNet against functional twins: in Keras, and in plain PyTorch and float64."""

import re

import keras
import numpy as np
import pytest
from keras import ops

from solutions.u03_layers import dense, dropout
from solutions.u05_convolution import conv2d, pooling
from solutions.u06_classic_cnns import alexnet, local_response_normalization
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
    "Flatten": keras.layers.Flatten,  # Keras alone has it
    "LocalResponseNormalization": (
        local_response_normalization.LocalResponseNormalization
    ),
}
SIZES = {"num_classes": 5, "filters": (4, 6, 8, 10, 4), "units": 6, "dropout_rate": 0.0}
CASES = {"imagenet": (99, 68, 3), "cifar": (20, 28, 2)}
cases = pytest.mark.parametrize("stem", CASES)


@pytest.fixture(autouse=True)
def all_of_the_course(monkeypatch):
    """The network's layers are all ours."""
    for name, layer in LAYERS.items():
        monkeypatch.setattr(alexnet, name, layer)


@keras.saving.register_keras_serializable(package="parity")
class Competition(keras.layers.Layer):
    """Section 3.3 in one line, with the paper's constants."""

    def call(self, a):
        window = ops.pad(ops.square(a), ((0, 0), (0, 0), (0, 0), (2, 2)))
        near = [window[..., n : n + a.shape[-1]] for n in range(5)]
        return a / (2 + 1e-4 * ops.sum(ops.stack(near), axis=0)) ** 0.75


def twin_of(shape, stem, num_classes, filters, units, dropout_rate):
    """In Keras's functional API."""
    given = keras.Input(shape)
    same = {"padding": "same", "activation": "relu"}
    c1, c2, c3, c4, c5 = filters
    if stem == "imagenet":
        x = keras.layers.Conv2D(c1, 11, 4, activation="relu")(given)
    else:
        x = keras.layers.Conv2D(c1, 5, **same)(given)
    x = keras.layers.MaxPooling2D(3, 2)(Competition()(x))
    x = keras.layers.Conv2D(c2, 5, groups=2, **same)(x)
    x = keras.layers.MaxPooling2D(3, 2)(Competition()(x))
    x = keras.layers.Conv2D(c3, 3, **same)(x)
    x = keras.layers.Conv2D(c4, 3, groups=2, **same)(x)
    x = keras.layers.Conv2D(c5, 3, groups=2, **same)(x)
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(3, 2)(x))
    for _ in range(2):
        x = keras.layers.Dense(units, activation="relu")(x)
        x = keras.layers.Dropout(dropout_rate)(x)
    return keras.Model(given, keras.layers.Dense(num_classes)(x))


def by_torch(torch, images, weights, stem):
    """In PyTorch, whose response normalization divides alpha by n: (B, C, H, W) in."""
    functional, given = torch.nn.functional, iter(weights)

    def convolve(x, groups=1, stride=1, padding="same"):
        kernel, bias = next(given).permute(3, 2, 0, 1), next(given)
        y = functional.conv2d(x, kernel, bias, stride, padding, groups=groups)
        return y.relu()

    def shrink(x):
        return functional.max_pool2d(x, 3, 2)

    def compete(x):
        return functional.local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2)

    x = (
        convolve(images, stride=4, padding=0)
        if stem == "imagenet"
        else convolve(images)
    )
    x = shrink(compete(convolve(shrink(compete(x)), groups=2)))
    x = shrink(convolve(convolve(convolve(x), groups=2), groups=2))
    x = x.permute(0, 2, 3, 1).flatten(1)
    for _ in range(2):
        x = (x @ next(given) + next(given)).relu()
    return x @ next(given) + next(given)


def values_for(model, rng):
    """Random weights and biases with which nothing vanishes behind relu."""
    for weight in model.weights:
        shape = weight.shape
        spread = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 10
        yield rng.normal(size=shape) * spread


def pair(rng, stem, **settings):
    """Our network without dropout and its twin in Keras, with the same weights."""
    ours = alexnet.AlexNet(stem=stem, **SIZES, **settings)
    ours.build((None, *CASES[stem]))
    theirs = twin_of(CASES[stem], stem, **SIZES)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    values = list(values_for(theirs, rng))
    for model in (ours, theirs):
        model.set_weights(values)
    return ours, theirs


def images_of(rng, stem, batch=3):
    return 100 * rng.normal(size=(batch, *CASES[stem])).astype("float32")


@cases
def test_agrees_with_its_functional_twin(rng, stem):
    ours, theirs = pair(rng, stem)
    assert ours.count_params() == theirs.count_params()
    for batch in (1, 3):
        images = images_of(rng, stem, batch)
        agree(ours(images), theirs(images))
        agree(ours(images, training=True), theirs(images, training=True))
    upstream = rng.normal(size=(3, 5))
    found = (gradients(model, images, upstream) for model in (ours, theirs))
    for mine, wanted in zip(*found, strict=True):
        agree(mine, wanted, 1e-3)


@cases
def test_outputs_and_gradients_are_those_of_torch(rng, stem):
    torch = pytest.importorskip("torch")
    ours = alexnet.AlexNet(stem=stem, **SIZES, dtype="float64")
    ours.build((None, *CASES[stem]))
    ours.set_weights(list(values_for(ours, rng)))
    images = images_of(rng, stem, 2).astype("float64")
    upstream = rng.normal(size=(2, 5))
    x = torch.tensor(images, requires_grad=True)
    weights = [torch.tensor(as_array(w), requires_grad=True) for w in ours.weights]
    wanted = by_torch(torch, x.permute(0, 3, 1, 2), weights, stem)
    tensor = ops.convert_to_tensor(images, dtype="float64")
    agree(ours(tensor), wanted.detach().numpy(), 1e-6)
    upstream = upstream.astype("float32")
    (wanted * torch.tensor(upstream.astype("float64"))).sum().backward()
    found = gradients(Double(ours), tensor, upstream)
    for mine, theirs in zip(found, [x, *weights], strict=True):
        agree(mine, theirs.grad.numpy(), 1e-6)


class Double:
    """A model whose answer is cast to float32, for `gradients`."""

    def __init__(self, model):
        self.model, self.trainable_weights = model, model.trainable_weights

    def __call__(self, images):
        return ops.cast(self.model(images), "float32")


def test_has_exactly_as_many_parameters_as_the_paper_s_network(monkeypatch):
    def zeros(self, shape, dtype=None):
        return ops.zeros(shape, dtype)

    monkeypatch.setattr(keras.initializers.RandomNormal, "__call__", zeros)
    model = alexnet.AlexNet()
    model.build((None, 227, 227, 3))
    assert model.count_params() == 60_965_224
    sizes = [int(np.prod(weight.shape)) for weight in model.weights]
    layers = [
        kernel + bias for kernel, bias in zip(sizes[::2], sizes[1::2], strict=True)
    ]
    table = re.findall(r"\| ([CF]\d|  ) \| .* ([\d,]+) \|\n", alexnet.AlexNet.__doc__)
    numbers = [int(text.replace(",", "")) for _, text in table]
    assert numbers == [*layers, 60_965_224]


def test_starts_as_section_5_says(rng):
    model = alexnet.AlexNet(50, "cifar", (16, 16, 16, 16, 16), 40)
    model.build((None, 32, 32, 3))
    values = model.get_weights()
    assert [float(b.mean()) for b in values[1::2]] == [0, 1, 0, 1, 1, 1, 1, 0]
    assert all(abs(kernel.std() - 0.01) < 1e-3 for kernel in values[::2])


def test_drops_in_training_alone_also_where_fit_trains(rng):
    model = alexnet.AlexNet(4, "cifar", (2, 2, 2, 2, 2), 64)
    images = images_of(rng, "cifar", 2)
    model(images)
    zero = [0 * w if w.ndim > 1 else 0 * w + 1 for w in model.get_weights()]
    model.set_weights(zero)
    agree(model(images), model(images), 0)
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(images[:1], np.array([1]), verbose=0)
    moved = np.any(model.get_weights()[-2] != 0, axis=1)
    assert 8 < np.sum(moved) < 56  # of 64 units, half of which are dropped


def test_survives_a_keras_file_and_a_graph(rng, tmp_path):
    model, _ = pair(rng, "cifar")
    same_after_a_round_trip(model, images_of(rng, "cifar"), tmp_path)
    assert model.compute_output_shape((None, 28, 28, 3)) == (None, 5)


@pytest.mark.parametrize("precision", HALVES)
def test_is_near_itself_in_mixed_precision(rng, precision):
    ours, theirs = pair(rng, "cifar", dtype=precision)
    images = images_of(rng, "cifar") / 100
    logits = ours(images)
    assert keras.backend.standardize_dtype(logits.dtype) == ours.compute_dtype
    assert {str(w.dtype) for w in ours.weights} == {"float32"}
    agree(logits, theirs(images), HALVES[precision])


def test_refuses_what_is_no_network():
    for wrong in ({"stem": "mnist"}, {"filters": (2, 2, 2, 2)}, {"units": 0},
                  {"filters": (2, 2, 3, 2, 2)}, {"num_classes": -1}):  # fmt: skip
        with pytest.raises(ValueError, match="must be"):
            alexnet.AlexNet(**wrong)
    for stem, shape in (
        ("imagenet", (None, 66, 99, 3)),
        ("cifar", (None, 15, None, 3)),
    ):
        with pytest.raises(ValueError, match="known size"):
            alexnet.AlexNet(stem=stem, **SIZES).build(shape)
