"""Convolution in NumPy against PyTorch."""

import numpy as np
import pytest

from solutions.u05_convolution import numpy_conv2d
from tests.parity.u05_convolution.comparing import agree, first, last


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 2), (2, 1), (3, 0), (4, 3)])
@pytest.mark.parametrize("suffix", ["", "_im2col"])
def test_numpy_convolution_matches_torch(rng, torch, suffix, stride, padding):
    forward = getattr(numpy_conv2d, f"conv2d_forward{suffix}")
    backward = getattr(numpy_conv2d, f"conv2d_backward{suffix}")
    x, kernel = rng.normal(size=(2, 7, 8, 3)), rng.normal(size=(3, 2, 3, 4))
    bias = rng.normal(size=4)
    inputs = first(torch, x)
    weight = torch.tensor(kernel.transpose(3, 2, 0, 1).copy()).requires_grad_()
    offset = torch.tensor(bias).requires_grad_()
    expected = torch.nn.functional.conv2d(inputs, weight, offset, stride, padding)
    y = forward(x, kernel, bias, stride, padding)
    agree(y, last(expected), 1e-12)
    dy = rng.normal(size=y.shape)
    expected.backward(torch.tensor(np.moveaxis(dy, 3, 1).copy()))
    dx, dkernel, dbias = backward(dy, x, kernel, stride, padding)
    agree(dx, last(inputs.grad), 1e-12)
    agree(dkernel, weight.grad.numpy().transpose(2, 3, 1, 0), 1e-12)
    agree(dbias, offset.grad.numpy(), 1e-12)
