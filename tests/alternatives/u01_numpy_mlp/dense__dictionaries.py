"""Parameters, gradients and cache live in dictionaries; attributes look there."""

import numpy as np


def _entry(table, key):
    def read(self):
        return getattr(self, table)[key]

    def write(self, value):
        getattr(self, table)[key] = value

    return property(read, write)


class Dense:
    kernel = _entry("params", "W")
    bias = _entry("params", "b")
    kernel_gradient = _entry("grads", "W")
    bias_gradient = _entry("grads", "b")

    def __init__(self, inputs, units, init="xavier", seed=None, dtype="float64"):
        self.params, self.grads, self.cache = {}, {}, {}
        rng = np.random.Generator(np.random.PCG64(seed))
        if init == "xavier":
            a = np.sqrt(6.0 / (inputs + units))
            W = rng.uniform(-a, a, [inputs, units])
        elif init == "he":
            W = rng.standard_normal([inputs, units]) * np.sqrt(2.0 / inputs)
        else:
            raise ValueError("init = 'xavier' | 'he'")
        self.params["W"], self.params["b"] = W.astype(dtype), np.zeros([units], dtype)

    def forward(self, x):
        self.cache["x"] = x
        z = x.dot(self.params["W"])
        z += self.params["b"]
        return z

    def backward(self, dy):
        x, W = self.cache["x"], self.params["W"]
        self.grads = {"W": x.T.dot(dy), "b": np.sum(dy, 0)}
        return dy.dot(W.T)

    def parameters(self):
        return list(self.params.values())

    def gradients(self):
        return [self.grads[key] for key in self.params]
