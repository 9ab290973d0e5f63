"""The pieces of u01 and whole networks of them against PyTorch's automatic gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.u01_numpy_mlp import activations, dense, losses, mlp, optimizers

torch = pytest.importorskip("torch")

quick = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from(["float32", "float64"])
batches = st.sampled_from([1, 2, 5])
TOLERANCE = {"float32": 1e-5, "float64": 1e-11}  # of the largest number, or of 1

ACTIVATIONS = {
    "ReLU": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "Softmax": lambda x: torch.softmax(x, -1),
}
LOSSES = {
    "L2": lambda y, p: torch.nn.functional.mse_loss(p, y),
    "BinaryCrossEntropy": lambda y, p: torch.nn.functional.binary_cross_entropy(p, y),
    "CategoricalCrossEntropy": lambda y, p: -(y * p.log()).sum(-1).mean(),
}
OPTIMIZERS = {
    "GradientDescent": ({"learning_rate": 0.3}, torch.optim.SGD, {"lr": 0.3}),
    "Momentum": (
        {"learning_rate": 0.2, "momentum": 0.8},
        torch.optim.SGD,
        {"lr": 0.2, "momentum": 0.8},
    ),
    "Adam": (
        {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
        torch.optim.Adam,
        {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3},
    ),
}
ENDINGS = [  # what is predicted, and the loss that goes with it
    ("Tanh", "L2"),
    ("Sigmoid", "BinaryCrossEntropy"),
    ("Softmax", "CategoricalCrossEntropy"),
]


def agree(found, expected):
    expected = expected.detach().numpy() if torch.is_tensor(expected) else expected
    assert found.shape == expected.shape and found.dtype == expected.dtype
    room = TOLERANCE[found.dtype.name] * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=room)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


@pytest.mark.parametrize("name", ACTIVATIONS)
@quick
@given(
    seed=seeds,
    shape=st.sampled_from([(4,), (1, 3), (5, 2), (2, 3, 4)]),
    size=st.sampled_from([0.1, 1.0, 30.0, 1000.0]),
    dtype=dtypes,
)
def test_activations_and_their_gradients(name, seed, shape, size, dtype):
    rng = np.random.default_rng(seed)
    x, dy = ((s * rng.normal(size=shape)).astype(dtype) for s in (size, 1))
    x.flat[0] = 0  # where ReLU bends
    ours, theirs = getattr(activations, name)(), leaf(x)
    expected = ACTIVATIONS[name](theirs)
    agree(ours.forward(x), expected)
    expected.backward(torch.tensor(dy))
    agree(ours.backward(dy), theirs.grad)


@quick
@given(seed=seeds, batch=batches, dtype=dtypes, init=st.sampled_from(["xavier", "he"]))
def test_dense_and_its_gradients(seed, batch, dtype, init):
    rng = np.random.default_rng(seed)
    inputs, units = rng.integers(1, 6, size=2)
    ours = dense.Dense(inputs, units, init, seed, dtype)
    ours.bias += rng.normal(size=units).astype(dtype)
    x, dy = (rng.normal(size=(batch, n)).astype(dtype) for n in (inputs, units))
    theirs, kernel, bias = map(leaf, (x, *ours.parameters()))
    expected = torch.nn.functional.linear(theirs, kernel.T, bias)
    agree(ours.forward(x), expected)
    expected.backward(torch.tensor(dy))
    agree(ours.backward(dy), theirs.grad)
    for found, other in zip(ours.gradients(), (kernel, bias), strict=True):
        agree(found, other.grad)


@pytest.mark.parametrize("name", LOSSES)
@quick
@given(seed=seeds, batch=batches, dtype=dtypes, sure=st.booleans())
def test_losses_and_their_gradients(name, seed, batch, dtype, sure):
    """`sure`: some probabilities are 0 or 1. PyTorch is given them clipped, for its
    `clamp` would have no gradient there and the course takes the one at the edge."""
    rng = np.random.default_rng(seed)
    targets, predictions = rng.dirichlet(np.ones(4), size=(2, batch)).astype(dtype)
    ours = getattr(losses, name)()
    if sure:
        predictions[0] = [0, 1, 0, 0]
    epsilon = getattr(ours, "epsilon", None)
    theirs = leaf(np.clip(predictions, epsilon, epsilon and 1 - epsilon))
    expected = LOSSES[name](torch.tensor(targets), theirs)
    agree(np.asarray(ours.forward(targets, predictions), dtype), expected)
    expected.backward()
    agree(ours.backward(), theirs.grad)


@pytest.mark.parametrize("name", OPTIMIZERS)
@quick
@given(seed=seeds, dtype=dtypes)
def test_optimizers_go_the_same_way(name, seed, dtype):
    rng = np.random.default_rng(seed)
    ours, theirs, others = _optimizers(name)
    shapes = [(3, 2), (2,), (1,)]
    parameters = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    leaves = [leaf(parameter) for parameter in parameters]
    theirs = theirs(leaves, **others)
    for _ in range(12):
        gradients = [rng.normal(size=shape).astype(dtype) for shape in shapes]
        for other, gradient in zip(leaves, gradients, strict=True):
            other.grad = torch.tensor(gradient)
        ours.step(parameters, gradients)
        theirs.step()
        for parameter, other in zip(parameters, leaves, strict=True):
            agree(parameter, other)


def _optimizers(name):
    """Ours, and PyTorch's with its arguments."""
    arguments, theirs, others = OPTIMIZERS[name]
    return getattr(optimizers, name)(**arguments), theirs, others


class Network(torch.nn.Module):
    """The same network in PyTorch, with copies of the weights of ours."""

    def __init__(self, ours, names):
        super().__init__()
        arrays = (torch.tensor(array) for array in ours.parameters())
        self.weights = torch.nn.ParameterList(arrays)
        self.names = names

    def forward(self, x):
        for k, name in enumerate(self.names):
            kernel, bias = self.weights[2 * k], self.weights[2 * k + 1]
            x = ACTIVATIONS[name](x @ kernel + bias)
        return x


@pytest.fixture(autouse=True, scope="module")
def layers_of_the_course():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlp, "Dense", dense.Dense)
        patch.setattr(mlp, "ReLU", activations.ReLU)
        yield


def networks(rng, hidden, ending, optimizer, dtype="float64"):
    """Ours and its twin, with weights of this dtype, and the twin's optimizer."""
    names, sizes = [*hidden, ending[0]], rng.integers(1, 6, size=len(hidden) + 1)
    step, theirs, others = _optimizers(optimizer)
    pieces = [getattr(activations, name)() for name in names]
    loss = getattr(losses, ending[1])()
    ours = mlp.MLP([*map(int, sizes), 3], pieces, loss, step, seed=int(sizes[0]))
    for layer in ours.layers[::2]:
        layer.kernel = layer.kernel.astype(dtype)
        layer.bias = rng.normal(size=layer.bias.shape).astype(dtype)
    twin = Network(ours, names)
    return ours, twin, theirs(twin.parameters(), **others)


def examples(rng, ours, count, dtype="float64"):
    x = rng.normal(size=(count, len(ours.parameters()[0])))
    return x.astype(dtype), rng.dirichlet(np.ones(3), size=count).astype(dtype)


hiddens = st.lists(st.sampled_from(["ReLU", "Sigmoid", "Tanh"]), max_size=3)


@quick
@given(
    seed=seeds,
    hidden=hiddens,
    ending=st.sampled_from(ENDINGS),
    batch=batches,
    dtype=dtypes,
)
def test_a_network_and_its_gradients(seed, hidden, ending, batch, dtype):
    rng = np.random.default_rng(seed)
    ours, twin, _ = networks(rng, hidden, ending, "GradientDescent", dtype)
    x, y = examples(rng, ours, batch, dtype)
    theirs = leaf(x)
    predicted = twin(theirs)
    agree(ours.forward(x), predicted)
    loss = LOSSES[ending[1]](torch.tensor(y), predicted)
    agree(np.asarray(ours.loss.forward(y, ours.forward(x)), dtype), loss)
    loss.backward()
    agree(ours.backward(ours.loss.backward()), theirs.grad)
    for found, other in zip(ours.gradients(), twin.parameters(), strict=True):
        agree(found, other.grad)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending[1])
def test_a_network_learns_as_its_twin_does(ending, optimizer):
    """Seven examples in batches of three, so that each epoch ends with a batch of one."""
    rng = np.random.default_rng(4)
    ours, twin, steps = networks(rng, ["Tanh", "ReLU"], ending, optimizer)
    x, y = examples(rng, ours, 7)
    found = ours.fit(x, y, epochs=4, batch_size=3, shuffle=False)
    expected = []
    for _ in range(4):
        total = 0.0
        for start in (0, 3, 6):
            batch = slice(start, start + 3)
            steps.zero_grad()
            loss = LOSSES[ending[1]](
                torch.tensor(y[batch]), twin(torch.tensor(x[batch]))
            )
            loss.backward()
            steps.step()
            total += float(loss.detach()) * len(x[batch])
        expected.append(total / 7)
    agree(np.array(found), np.array(expected))
    for parameter, other in zip(ours.parameters(), twin.parameters(), strict=True):
        agree(parameter, other)
