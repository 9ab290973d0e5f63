"""Dense against Keras on the backend in use, and PyTorch."""

import keras
import pytest

from solutions.u03_layers.dense import Dense
from tests.parity.u03_layers.comparing import (
    PRECISIONS,
    agree,
    inputs_of,
    pair,
    same_gradients,
    shapes,
)

DENSE = {
    "plain": {},
    "tanh": {"activation": "tanh"},
    "no bias": {"use_bias": False, "activation": "relu"},
    "regularized": {"kernel_regularizer": "l2", "activity_regularizer": "l1"},
}


@shapes
@pytest.mark.parametrize("settings", DENSE.values(), ids=DENSE)
def test_dense_agrees_with_keras(rng, shape, settings):
    ours, theirs = pair(
        Dense(4, **settings), keras.layers.Dense(4, **settings), shape, rng
    )
    x = inputs_of(rng, shape)
    agree(ours(x), theirs(x))
    assert ours.count_params() == theirs.count_params()
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert ours.compute_output_shape((None, *shape[1:])) == (None, *shape[1:-1], 4)
    same_gradients(ours, theirs, x, rng)
    agree(sum(ours.losses, 0.0), sum(theirs.losses, 0.0))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_dense_agrees_in_every_precision(rng, precision):
    ours, theirs = pair(
        Dense(4, dtype=precision), keras.layers.Dense(4, dtype=precision), (3, 5), rng
    )
    x = inputs_of(rng, (3, 5))
    assert keras.backend.standardize_dtype(ours(x).dtype) == ours.compute_dtype
    if precision != "float64":
        agree(ours(x), theirs(x), PRECISIONS[precision])
        return
    kernel, bias = (w.astype("float64") for w in ours.get_weights())
    agree(ours(x), x @ kernel + bias, PRECISIONS[precision])


def test_dense_agrees_with_torch(rng):
    torch = pytest.importorskip("torch")
    ours = Dense(4)
    ours.build((None, 5))
    theirs = torch.nn.Linear(5, 4)
    ours.set_weights([theirs.weight.detach().numpy().T, theirs.bias.detach().numpy()])
    x = rng.normal(size=(3, 6, 5)).astype("float32")
    agree(ours(x), theirs(torch.tensor(x)).detach().numpy())
