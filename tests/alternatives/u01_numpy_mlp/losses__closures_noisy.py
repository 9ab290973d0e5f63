"""What backward needs is kept as a function. Talks on stdout, warns on stderr."""

import warnings

import numpy as np


class ShapeError(ValueError):
    """The targets and the predictions have different shapes."""


def same_shape(function):
    def forward(self, y_true, y_pred):
        print(type(self).__name__, y_true.shape, y_pred.shape)
        if y_true.shape != y_pred.shape:
            raise ShapeError(y_true.shape, y_pred.shape)
        return function(self, y_true, y_pred)

    return forward


class Base:
    def backward(self):
        warnings.warn("gradient wanted", stacklevel=2)
        return self.slope()


class L2(Base):
    @same_shape
    def forward(self, y_true, y_pred):
        self.slope = lambda: (y_pred - y_true) / (y_pred.size / 2)
        return np.linalg.norm(y_pred - y_true) ** 2 / y_pred.size


class BinaryCrossEntropy(Base):
    def __init__(self, epsilon=1e-7):
        self.limits = (epsilon, 1 - epsilon)

    @same_shape
    def forward(self, y_true, y_pred):
        p = np.clip(y_pred, *self.limits)
        q = 1 - p
        self.slope = lambda: ((1 - y_true) / q - y_true / p) / p.size
        return np.mean(-(y_true * np.log(p)) - (1 - y_true) * np.log(q))


class CategoricalCrossEntropy(Base):
    def __init__(self, epsilon=1e-7):
        self.limits = (epsilon, 1 - epsilon)

    @same_shape
    def forward(self, y_true, y_pred):
        p = np.clip(y_pred, *self.limits)
        self.slope = lambda: -y_true / (p * y_true.shape[0])
        return np.mean(np.sum(y_true * np.log(1 / p), axis=1))
