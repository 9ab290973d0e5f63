"""Dataclasses that keep x, and compute everything from it again in backward."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class _Remembers:
    seen: list = field(default_factory=list, repr=False)

    def keep(self, x):
        self.seen[:] = [np.array(x, dtype=np.longdouble)]
        return self.seen[0]

    @property
    def x(self):
        return self.seen[-1]


@dataclass
class ReLU(_Remembers):
    def forward(self, x):
        wide = self.keep(x)
        return np.fmax(wide, 0).astype(x.dtype)

    def backward(self, dy):
        return np.where(self.x <= 0, 0 * dy, dy)


@dataclass
class Sigmoid(_Remembers):
    def forward(self, x):
        return (1 / (1 + np.exp(-self.keep(x)))).astype(x.dtype)

    def backward(self, dy):
        e = np.exp(-np.abs(self.x))
        return (dy * e / (1 + e) ** 2).astype(dy.dtype)


@dataclass
class Tanh(_Remembers):
    def forward(self, x):
        return np.tanh(self.keep(x)).astype(x.dtype)

    def backward(self, dy):
        # 1 − tanh² = 4 / (eˣ + e⁻ˣ)²
        return (4 * dy / (np.exp(self.x) + np.exp(-self.x)) ** 2).astype(dy.dtype)


@dataclass
class Softmax(_Remembers):
    def probabilities(self):
        e = np.exp(self.x - self.x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def forward(self, x):
        self.keep(x)
        return self.probabilities().astype(x.dtype)

    def backward(self, dy):
        y = self.probabilities()
        inner = np.matmul(y[..., None, :], dy[..., :, None])[..., 0]
        return (y * (dy - inner)).astype(dy.dtype)
