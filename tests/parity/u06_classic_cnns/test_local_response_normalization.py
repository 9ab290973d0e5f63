"""LocalResponseNormalization against torch's, and against the formula in NumPy loops."""

import keras
import numpy as np
import pytest
from keras import ops

from course import autodiff
from solutions.u06_classic_cnns.local_response_normalization import (
    LocalResponseNormalization,
)
from tests.parity.u06_classic_cnns.comparing import BACKEND, HALVES, agree

SETTINGS = {
    "the paper's": {},
    "one channel": {"size": 1, "alpha": 0.3},
    "three": {"size": 3, "alpha": 0.2, "beta": 0.5, "k": 1.0},
    "an even number": {"size": 4, "alpha": 0.5, "beta": 1.2, "k": 0.3},
    "more than there are": {"size": 15, "alpha": 0.1},
    "GoogLeNet's": {"alpha": 1e-4 / 5, "k": 1.0},
}
SHAPES = {"images": (2, 5, 4, 7), "one pixel": (1, 1, 1, 6), "steps": (3, 5, 4)}
settings = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def formula(a, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Section 3.3, one channel after another."""
    b = np.empty_like(a)
    for i in range(a.shape[-1]):
        near = a[..., max(0, i - size // 2) : i + (size - 1) // 2 + 1]
        b[..., i] = a[..., i] / (k + alpha * np.sum(near**2, axis=-1)) ** beta
    return b


def by_torch(torch, a, upstream, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Output and gradient of torch's layer, which multiplies alpha by the mean."""
    layer = torch.nn.LocalResponseNorm(size, size * alpha, beta, k)
    x = torch.tensor(a, requires_grad=True)
    y = torch.movedim(layer(torch.movedim(x, -1, 1)), 1, -1)
    (y * torch.tensor(upstream)).sum().backward()
    return y.detach().numpy(), x.grad.numpy()


def answer_and_gradient(layer, a, upstream, **call):
    x = autodiff.watch(ops.convert_to_tensor(a, dtype=a.dtype.name))
    factor = ops.convert_to_tensor(upstream, dtype=a.dtype.name)
    (slope,) = autodiff.gradients(lambda: ops.sum(layer(x, **call) * factor), [x])
    return layer(x, **call), slope


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-4), ("float64", 1e-6)])
@shapes
@settings
def test_agrees_with_torch(rng, settings, shape, dtype, tolerance):
    torch = pytest.importorskip("torch")
    a, upstream = 30 * rng.normal(size=shape), rng.normal(size=shape)
    a, upstream = a.astype(dtype), upstream.astype(dtype)
    layer = LocalResponseNormalization(**settings, dtype=dtype)
    found = answer_and_gradient(layer, a, upstream)
    for mine, theirs in zip(
        found, by_torch(torch, a, upstream, **settings), strict=True
    ):
        assert keras.backend.standardize_dtype(mine.dtype) == dtype
        agree(mine, theirs, tolerance)


@shapes
@settings
def test_agrees_with_the_formula_in_training_and_inference(rng, settings, shape):
    a = 30 * rng.normal(size=shape)
    layer = LocalResponseNormalization(**settings)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *shape[1:])
    for training in (False, True):
        x = ops.convert_to_tensor(a, dtype="float32")
        agree(layer(x, training=training), formula(a, **settings))
    assert layer.weights == []


def test_the_gradient_is_the_slope_of_the_formula(rng):
    a, upstream = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 3, 5))
    given = {"size": 4, "alpha": 0.5, "beta": 1.2, "k": 0.3}
    layer = LocalResponseNormalization(**given, dtype="float64")
    _, slope = answer_and_gradient(layer, a, upstream)
    wanted = np.zeros_like(a)
    for place in np.ndindex(a.shape):
        nudge = np.zeros_like(a)
        nudge[place] = 1e-6
        rise = formula(a + nudge, **given) - formula(a - nudge, **given)
        wanted[place] = np.sum(upstream * rise) / 2e-6
    agree(slope, wanted, 1e-6)


@pytest.mark.parametrize("precision", HALVES)
def test_squares_that_a_half_cannot_hold(rng, precision):
    a = 1000 * rng.normal(size=(2, 3, 4, 6))
    y = LocalResponseNormalization(dtype=precision)(ops.convert_to_tensor(a, "float32"))
    assert keras.backend.standardize_dtype(y.dtype) == precision.removeprefix("mixed_")
    agree(y, formula(a), HALVES[precision])


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
def test_survives_a_keras_file_and_a_graph_without_sizes(rng, tmp_path, jit_compile):
    if jit_compile and BACKEND != "tensorflow":
        pytest.skip("XLA")
    a = 30 * rng.normal(size=(5, 4, 3, 6)).astype("float32")
    given = keras.Input((None, None, 6))
    layer = LocalResponseNormalization(4, 0.5, 1.2, 0.3)
    keras.Model(given, layer(given)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.compile(jit_compile=jit_compile)
    assert loaded.layers[-1].get_config() == layer.get_config()
    found = loaded.predict(a, batch_size=2, verbose=0)  # two batches and a rest
    agree(found, formula(a.astype("float64"), 4, 0.5, 1.2, 0.3))


def test_refuses_what_it_cannot_do():
    for wrong in ({"size": 0}, {"size": 3.0}, {"k": 0.0}, {"alpha": -1.0}):
        with pytest.raises(ValueError, match="must be"):
            LocalResponseNormalization(**wrong)
    with pytest.raises(ValueError, match="known number of channels"):
        LocalResponseNormalization().build((None, 4, 4, None))
    with pytest.raises(ValueError, match="Unrecognized keyword"):
        LocalResponseNormalization(channels=3)
