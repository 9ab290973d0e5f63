"""Jacobians written out, float64 inside, everything kept in closures."""

import numpy as np


class _Base:
    def forward(self, x):
        self.kept = np.array(x, copy=True)
        return self.value(x.astype("float64")).astype(x.dtype)

    def backward(self, dy):
        jacobian = self.jacobian(self.kept.astype("float64"))  # (..., K, K)
        dx = np.einsum("...kj,...k->...j", jacobian, dy.astype("float64"))
        return dx.astype(dy.dtype)

    def jacobian(self, x):
        slopes = self.slope(x)
        return slopes[..., :, None] * np.eye(x.shape[-1])


class ReLU(_Base):
    def value(self, x):
        return np.maximum(x, 0)

    def slope(self, x):
        return np.heaviside(x, 0.0)


class Sigmoid(_Base):
    def value(self, x):
        return 0.5 * (1 + np.tanh(0.5 * x))

    def slope(self, x):
        return 0.25 * (1 - np.tanh(0.5 * x) ** 2)


class Tanh(_Base):
    def value(self, x):
        return np.tanh(x)

    def slope(self, x):
        return 1 / np.cosh(np.clip(x, -300, 300)) ** 2


class Softmax(_Base):
    def value(self, x):
        shifted = x - np.max(x, axis=-1, keepdims=True)
        return np.exp(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))

    def jacobian(self, x):
        y = self.value(x)
        return y[..., :, None] * np.eye(y.shape[-1]) - y[..., :, None] * y[..., None, :]
