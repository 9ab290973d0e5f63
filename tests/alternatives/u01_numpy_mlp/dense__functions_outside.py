"""Pure functions do the mathematics; the class remembers. Ein Hauch von JAX."""

from typing import NamedTuple

import numpy as np


class Parameters(NamedTuple):
    kernel: np.ndarray
    bias: np.ndarray


def initial(rng, inputs, units, init, dtype):
    fan = {"xavier": (inputs + units) / 2, "he": inputs}
    if init not in fan:
        raise ValueError(f"unbekannt: {init}")
    kernel = rng.normal(size=(inputs, units), scale=fan[init] ** -0.5)
    if init == "he":
        kernel *= 2**0.5
    else:  # gleichverteilt, mit derselben Varianz
        limit = (3 / fan[init]) ** 0.5
        kernel = rng.uniform(-limit, limit, kernel.shape)
    return Parameters(kernel.astype(dtype), np.zeros(units, dtype=dtype))


def apply(parameters, x):
    return np.einsum("bi,iu->bu", x, parameters.kernel) + parameters.bias


def pull_back(parameters, x, dy):
    kernel = np.einsum("bi,bu->iu", x, dy)
    return dy @ parameters.kernel.T, Parameters(kernel, dy.sum(0))


class Dense:
    def __init__(self, inputs, units, init="xavier", seed=None, dtype="float64"):
        start = initial(np.random.default_rng(seed), inputs, units, init, dtype)
        self.kernel, self.bias = start

    def parameters(self):
        return list(Parameters(self.kernel, self.bias))

    def gradients(self):
        return list(self.found)

    def forward(self, x):
        self.x = x
        return apply(Parameters(self.kernel, self.bias), x)

    def backward(self, dy):
        parameters = Parameters(self.kernel, self.bias)
        dx, self.found = pull_back(parameters, self.x, dy)
        return dx

    @property
    def kernel_gradient(self):
        return self.found.kernel

    @property
    def bias_gradient(self):
        return self.found.bias
