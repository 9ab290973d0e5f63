"""Max pooling in NumPy against PyTorch, equal pixels included."""

import numpy as np
import pytest

from solutions.u05_convolution import numpy_max_pool
from tests.parity.u05_convolution.comparing import agree, first, last

CASES = {  # height and width, pool_size, stride, padding
    "edge to edge": ((6, 8), (2, 2), 2, 0),
    "a row left over": ((7, 9), (2, 4), 2, 0),
    "overlapping": ((7, 8), (3, 3), 2, 0),
    "with gaps": ((8, 7), (1, 2), 3, 0),
    "padded": ((6, 7), (3, 2), 1, 1),
    "padded, with a stride": ((6, 7), (4, 5), 3, 2),
    "one window": ((4, 3), (4, 3), 1, 0),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["distinct", "many equal", "one colour"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_matches_torch(rng, torch, case, batch, kind, dtype):
    size, pool_size, stride, padding = CASES[case]
    x = rng.normal(size=(batch, *size, 3))
    if kind == "many equal":
        x = np.floor(2 * x)
    if kind == "one colour":
        x = np.full_like(x, -2)
    x = x.astype(dtype)
    inputs = first(torch, x)
    expected = torch.nn.functional.max_pool2d(inputs, pool_size, stride, padding)
    y = numpy_max_pool.max_pool_forward(x, pool_size, stride, padding)
    assert y.dtype == x.dtype
    agree(y, last(expected), 1e-12)
    dy = rng.normal(size=y.shape).astype(dtype)
    expected.backward(torch.tensor(np.moveaxis(dy, 3, 1).copy()))
    dx = numpy_max_pool.max_pool_backward(dy, x, pool_size, stride, padding)
    assert dx.dtype == x.dtype
    agree(dx, last(inputs.grad), 1e-12 if dtype == "float64" else 1e-6)


def test_a_window_that_is_not_a_number_gives_none(torch):
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    x[0, 1, 2] = np.nan
    y = numpy_max_pool.max_pool_forward(x, (2, 2), 2)
    expected = torch.nn.functional.max_pool2d(first(torch, x), 2)
    assert np.array_equal(y, last(expected), equal_nan=True)


def test_padding_beyond_half_a_window_is_refused_as_by_torch(torch):
    x = np.ones((1, 5, 6, 1))
    with pytest.raises(ValueError, match="more than half"):
        numpy_max_pool.max_pool_forward(x, (2, 3), 1, 2)
    with pytest.raises(RuntimeError, match="half"):
        torch.nn.functional.max_pool2d(first(torch, x), (2, 3), 1, 2)
