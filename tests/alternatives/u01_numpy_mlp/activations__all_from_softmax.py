"""Sigmoid as a softmax of two scores, tanh from the sigmoid. Druckt und warnt."""

import warnings

import numpy as np


class Softmax:
    def forward(self, x):
        print("softmax of", x.shape, x.dtype)
        warnings.warn("Softmax wird berechnet", RuntimeWarning, stacklevel=2)
        y = np.exp(x - np.max(x, -1, keepdims=True))
        self.cache = {"y": y / y.sum(-1, keepdims=True)}
        return self.cache["y"]

    def backward(self, dy):
        y = self.cache["y"]
        return (dy - (dy * y).sum(-1, keepdims=True)) * y


class Sigmoid:
    def __init__(self):
        self.softmax = Softmax()

    def forward(self, x):
        scores = np.stack([x, np.zeros_like(x)], axis=-1)
        return self.softmax.forward(scores)[..., 0]

    def backward(self, dy):
        both = np.stack([dy, np.zeros_like(dy)], axis=-1)
        return self.softmax.backward(both)[..., 0]


class Tanh(Sigmoid):
    def forward(self, x):
        return 2 * super().forward(2 * x) - 1

    def backward(self, dy):
        return 4 * super().backward(dy)


class ReLU:
    def forward(self, x):
        self.x = x
        return np.clip(x, 0, np.inf).astype(x.dtype)

    def backward(self, dy):
        print("dy", dy)
        return np.select([self.x > 0], [dy], default=0).astype(dy.dtype)
