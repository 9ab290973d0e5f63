"""backward keeps dy; the gradients are computed when somebody asks for them."""

from functools import cached_property

import numpy as np


class Dense:
    def __init__(self, inputs, units, init="xavier", seed=None, dtype="float64"):
        starts = {"xavier": self._xavier, "he": self._he}
        if init not in starts:
            raise ValueError(f"init: {sorted(starts)}, not {init}")
        self.rng = np.random.default_rng(seed)
        self.kernel = starts[init](inputs, units).astype(dtype)
        self.bias = np.full(units, 0, dtype)

    def _xavier(self, inputs, units):
        limit = np.sqrt(6) / np.sqrt(inputs + units)
        return self.rng.uniform(low=-limit, high=limit, size=(inputs, units))

    def _he(self, inputs, units):
        return self.rng.normal(size=(inputs, units)) / np.sqrt(inputs / 2)

    def forward(self, x):
        self._x = np.copy(x)
        return np.add(np.matmul(x, self.kernel), self.bias)

    def backward(self, dy):
        self._step = _Step(self._x, np.copy(dy))
        return np.matmul(dy, self.kernel.transpose())

    @property
    def kernel_gradient(self):
        return self._step.kernel_gradient

    @property
    def bias_gradient(self):
        return self._step.bias_gradient

    def parameters(self):
        return [self.kernel, self.bias]

    def gradients(self):
        return [self.kernel_gradient, self.bias_gradient]


class _Step:
    def __init__(self, x, dy):
        self.x, self.dy = x, dy

    @cached_property
    def kernel_gradient(self):
        return np.tensordot(self.x, self.dy, axes=([0], [0]))

    @cached_property
    def bias_gradient(self):
        return np.ones(len(self.dy), self.dy.dtype) @ self.dy
