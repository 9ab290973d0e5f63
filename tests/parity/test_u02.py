"""Automatic differentiation of u02 against PyTorch's, on random programs and graphs."""

from functools import reduce
from operator import mul

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course import graphs
from solutions.u02_autograd.backward import backward, topological_order
from solutions.u02_autograd.tensor import Tensor

torch = pytest.importorskip("torch")

SHAPES = [(), (3,), (1, 3), (2, 3), (2, 1), (4, 1, 3), (1, 2, 2)]
quick = settings(max_examples=150, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


# Each operation once as `Tensor` has it and once as PyTorch does. x and y are values
# from before, k an integer that chooses among the ways to call it. Denominators,
# logarithms and bases stay away from 0.


def broadcasting(x, y):
    """Whether the shapes of x and y fit into one."""
    try:
        np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
    except ValueError:
        return False
    return True


def arithmetic(x, y, k):
    if not broadcasting(x, y):
        y = y.sum()
    return [x + y, x - y, x * y, x / (y * y + 1.5), 2 - x, 3 / (x * x + 1), x * x][
        k % 7
    ]


def power(x, y, k):
    return (x * x + 0.5) ** [2, -1, 0.5, 3.0, -1.5][k % 5]


def functions(x, y, k):
    return [(x * 0.3).exp(), (x * x + 0.2).log(), x.relu()][k % 3]


def turned(x, y, k):
    """Some order of three axes or more, counted from the front or from the end."""
    if len(x.shape) < 3:
        x = x.reshape(1, 1, -1)
    axes = list(np.random.default_rng(k).permutation(len(x.shape)))
    axes = [int(axis) - len(axes) * (k % 2) for axis in axes]
    return x.transpose(*axes) if isinstance(x, Tensor) else x.permute(axes)


def product(x, y, k):
    """A product of x, as a stack of matrices, with y if it fits or with itself."""
    x, y = (t if len(t.shape) > 1 else t.reshape(1, -1) for t in (x, y))
    if x.shape[-1] == y.shape[-2] and broadcasting(*(t[..., 0, 0] for t in (x, y))):
        return x @ y
    last = *range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2
    return x @ (x.transpose(*last) if isinstance(x, Tensor) else x.permute(last))


def sums(x, y, k):
    axes = [None, *range(len(x.shape)), *range(-len(x.shape), 0)]
    axis, keepdims = axes[k % len(axes)], bool(k // 7 % 2)
    name = ["sum", "mean"][k // 2 % 2]
    if axis is None:  # PyTorch has no keepdims here
        return getattr(x, name)()
    word = "keepdims" if isinstance(x, Tensor) else "keepdim"
    return getattr(x, name)(axis, **{word: keepdims})


def arranged(x, y, k):
    if len(x.shape) == 0 or k % 4 == 0:
        return x.reshape(1, -1)
    if k % 4 == 1:
        return x[..., k // 4 % x.shape[-1]]
    if k % 4 == 2:
        return x[k // 4 % x.shape[0] :]
    return x[np.random.default_rng(k).integers(x.shape[0], size=3)]


OPERATIONS = [arithmetic, power, functions, product, sums, arranged, turned]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS), st.integers(0, 99), st.integers(0, 99), seeds
    ),
    min_size=1,
    max_size=14,
)


def run(leaves, steps):
    """Each step takes two values from before; the last four results are added up."""
    values = list(leaves)
    for operation, first, second, k in steps:
        x, y = values[-1 - first % len(values)], values[-1 - second % len(values)]
        value = operation(x, y, k)
        plain = value.data if isinstance(value, Tensor) else value.detach().numpy()
        size = float(np.abs(plain).max())
        values.append(value * (1 / size) if size > 10 else value)
    return reduce(lambda a, b: a + b, (value.sum() for value in values[-4:]))


def agree(found, expected):
    found = np.zeros(expected.shape) if found is None else found
    assert found.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10 * scale)


@quick
@given(seed=seeds, steps=STEPS)
def test_random_programs_have_the_gradients_of_torch(seed, steps):
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(-1.5, 1.5, size=shape) for shape in SHAPES]
    ours = [Tensor(array) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    result, expected = run(ours, steps), run(theirs, steps)
    agree(result.data, expected.detach().numpy())
    backward(result)
    expected.backward()
    for tensor, other in zip(ours, theirs, strict=True):
        right = np.zeros(tensor.shape) if other.grad is None else other.grad.numpy()
        agree(tensor.gradient, right)


def weights_of(seed, size):
    rng = np.random.default_rng(seed)
    used = rng.random((size, size)) < rng.uniform(0.1, 0.9)
    return np.tril(used * rng.choice([-1.0, 0.5, 1.0, 1.5], size=(size, size)), -1)


@quick
@given(seed=seeds, size=st.integers(1, 30))
def test_random_graphs_are_ordered_and_have_the_gradients_of_torch(seed, size):
    weights = weights_of(seed, size)
    nodes = graphs.graph(weights, np.zeros((size, 2)))
    order = topological_order(nodes[-1])
    place = {node.label: k for k, node in enumerate(order)}
    assert len(place) == len(order) and order[-1] is nodes[-1]
    for node in order:
        assert all(place[g.label] < place[node.label] for g in node.inputs)

    theirs = []
    for row in weights:
        total = torch.zeros(2, dtype=torch.float64, requires_grad=True) * 1.0
        for weight, other in zip(row, theirs, strict=False):
            total = total + weight * other if weight else total
        total.retain_grad()
        theirs.append(total)
    upstream = np.array([2.0, -0.5])
    backward(nodes[-1], upstream)
    theirs[-1].backward(torch.tensor(upstream))
    reached = {node.label for node in order}
    for k, other in enumerate(theirs):
        assert (other.grad is not None) == (k in reached)
        if k in reached:
            agree(nodes[k].gradient, other.grad.numpy())


def test_a_chain_of_100_000_tensors():
    factors = np.random.default_rng(0).uniform(0.999, 1.001, size=100_000)
    x = Tensor(np.array([2.0, 3.0]))
    y = reduce(mul, factors.tolist(), x)
    assert len(topological_order(y)) == 200_001  # each factor is a tensor as well
    backward(y, np.ones(2))
    agree(x.gradient, np.full(2, np.prod(factors)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_of_a_network_and_its_gradients(dtype):
    rng = np.random.default_rng(0)
    shapes = (5, 3), (3, 4), (4,)
    arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    ours = [Tensor(array) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]

    def loss(x, kernel, bias):
        z = ((x @ kernel + bias).relu() * 2 - 1) / 3
        return (z**2).mean() - (z * z + 1).log().sum()

    backward(loss(*ours))
    loss(*theirs).backward()
    for tensor, other in zip(ours, theirs, strict=True):
        assert tensor.gradient.dtype == tensor.data.dtype == dtype
        np.testing.assert_allclose(tensor.gradient, other.grad.numpy(), rtol=2e-5)
