"""The kernel is stored the other way round, one row a unit; `kernel` is a view of it."""

import math

import numpy as np


class Dense:
    def __init__(self, inputs, units, init="xavier", seed=None, dtype="float64"):
        rng = np.random.default_rng(seed)
        try:
            variance = {"xavier": 2 / (inputs + units), "he": 2 / inputs}[init]
        except KeyError:
            raise ValueError(f"no init called {init}") from None
        self.rows = (rng.standard_normal((units, inputs)) * math.sqrt(variance)).astype(
            dtype
        )
        self.bias = np.zeros((units,), dtype=dtype)

    @property
    def kernel(self):
        return self.rows.T

    @kernel.setter
    def kernel(self, kernel):
        self.rows = kernel.T

    def forward(self, x):
        self.last = x
        return np.inner(x, self.rows) + self.bias

    def backward(self, dy):
        self.kernel_gradient = np.dot(dy.T, self.last).T
        self.bias_gradient = np.add.reduce(dy, axis=0)
        return np.dot(dy, self.rows)

    def parameters(self):
        return [self.kernel, self.bias]

    def gradients(self):
        return [self.kernel_gradient, self.bias_gradient]
