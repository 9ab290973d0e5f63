"""LeNet-5 against the paper's equations, written out in PyTorch and float64."""

import keras
import numpy as np
import pytest

from course import bitmaps
from solutions.u03_layers.dense import Dense
from solutions.u05_convolution.conv2d import Conv2D
from solutions.u06_classic_cnns import lenet5
from tests.parity.u06_classic_cnns.comparing import (
    HALVES,
    agree,
    as_array,
    gradients,
    same_after_a_round_trip,
)

# Table I of the paper, column by column.
SEEN = [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
        [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5],
        [0, 1, 2, 5], [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5],
        [0, 1, 2, 3, 4, 5]]  # fmt: skip


@pytest.fixture
def course_layers(monkeypatch):
    monkeypatch.setattr(lenet5, "Conv2D", Conv2D)
    monkeypatch.setattr(lenet5, "Dense", Dense)


@pytest.fixture
def model(rng):
    """With all weights off their starting values, which are zeros in part."""
    network = lenet5.LeNet5()
    network.build((None, 32, 32, 1))
    for weight in network.trainable_weights:
        noise = rng.uniform(-0.1, 0.1, size=weight.shape)
        weight.assign(as_array(weight) + noise)
    return network


def images_of(rng, batch=3):
    return rng.uniform(-0.1, 1.175, size=(batch, 32, 32, 1)).astype("float32")


def by_the_paper(torch, images, trained, codes):
    """Sections II.B and III: images (B, 1, 32, 32) to −y (B, 10)."""
    given = iter(trained)

    def squash(a):
        return 1.7159 * torch.tanh(2 / 3 * a)

    def convolve(x):
        kernel, bias = next(given), next(given)
        return torch.nn.functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias)

    def subsample(x):
        coefficient, bias = (next(given)[:, None, None] for _ in range(2))
        b, c, h, w = x.shape
        four = x.reshape(b, c, h // 2, 2, w // 2, 2).sum((3, 5))
        return squash(coefficient * four + bias)

    x = subsample(squash(convolve(images)))  # C1, S2
    x = torch.cat([squash(convolve(x[:, seen])) for seen in SEEN], dim=1)  # C3
    x = squash(convolve(subsample(x)))  # S4, C5
    kernel, bias = next(given), next(given)
    x = squash(x[:, :, 0, 0] @ kernel + bias)  # F6
    return -((x[:, None] - codes) ** 2).sum(2)


@pytest.mark.parametrize("batch", [1, 3])
def test_outputs_and_gradients_are_those_of_the_equations(rng, model, batch):
    agrees_with_the_equations(rng, model, images_of(rng, batch), 1e-4)


def test_float64_of_course_layers_agrees_with_the_equations(course_layers, rng, model):
    wide = lenet5.LeNet5(dtype="float64")
    wide.build((None, 32, 32, 1))
    wide.set_weights(model.get_weights())
    agrees_with_the_equations(rng, wide, images_of(rng, 2).astype("float64"), 1e-9)


def agrees_with_the_equations(rng, model, images, tolerance):
    torch = pytest.importorskip("torch")
    upstream = rng.normal(size=(len(images), 10))
    x = torch.tensor(images.astype("float64"), requires_grad=True)
    trained = [
        torch.tensor(as_array(w), requires_grad=True) for w in model.trainable_weights
    ]
    codes = torch.tensor(np.where(bitmaps.digits().reshape(10, 84), 1.0, -1.0))
    wanted = by_the_paper(torch, x.permute(0, 3, 1, 2), trained, codes)
    agree(model(images), wanted.detach().numpy(), tolerance)
    (wanted * torch.tensor(upstream)).sum().backward()
    found = gradients(model, images, upstream)
    for mine, theirs in zip(found, [x, *trained], strict=True):
        agree(mine, theirs.grad.numpy(), tolerance)


def test_has_exactly_60_000_trainable_parameters(model):
    sizes = {w.path: int(np.prod(w.shape)) for w in model.trainable_weights}
    assert sum(sizes.values()) == 60_000
    assert model.count_params() == 60_840
    per_layer = [156, 12, 1_516, 32, 48_120, 10_164]
    assert sum(per_layer) == 60_000
    counts = [
        layer.count_params()
        for layer in (model.c1, model.s2, *model.c3, model.s4, model.c5, model.f6)
    ]
    assert [*counts[:2], sum(counts[2:18]), *counts[18:]] == per_layer
    assert lenet5.seen_by_c3() == SEEN


def test_the_codes_are_no_part_of_training(rng, model):
    before = as_array(model.weights[-1])
    assert before.shape == (10, 84) and set(np.unique(before)) == {-1, 1}
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images_of(rng, 5), np.arange(5), batch_size=2, verbose=0)
    agree(model.weights[-1], before, 0)


def test_survives_a_keras_file_and_a_graph(rng, model, tmp_path):
    same_after_a_round_trip(model, images_of(rng, 5), tmp_path)
    assert model.compute_output_shape((None, 32, 32, 1)) == (None, 10)


@pytest.mark.parametrize("precision", HALVES)
def test_is_near_itself_in_mixed_precision(rng, model, precision):
    half = lenet5.LeNet5(dtype=precision)
    half.build((None, 32, 32, 1))
    half.set_weights(model.get_weights())
    images = images_of(rng)
    logits = half(images)
    assert keras.backend.standardize_dtype(logits.dtype) == half.compute_dtype
    assert {str(w.dtype) for w in half.weights} == {"float32"}
    agree(logits, model(images), HALVES[precision])


def test_refuses_images_of_another_size(rng):
    with pytest.raises(ValueError, match="32, 32, 1"):
        lenet5.LeNet5()(rng.normal(size=(2, 28, 28, 1)))
