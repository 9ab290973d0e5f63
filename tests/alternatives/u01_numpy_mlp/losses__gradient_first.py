"""The gradient is computed in forward and kept; einsum and means of means."""

import numpy as np


def _together(y_true, y_pred):
    if np.shape(y_true) != np.shape(y_pred):
        raise ValueError("shapes differ")
    return np.array(y_true), np.array(y_pred)


class L2:
    def forward(self, y_true, y_pred):
        y_true, y_pred = _together(y_true, y_pred)
        gap = y_true - y_pred
        self.kept = gap * (-2 / gap.size)
        return np.einsum("bk,bk->", gap, gap) / gap.size

    def backward(self):
        return self.kept


class BinaryCrossEntropy:
    def __init__(self, epsilon=1e-7):
        self.low, self.high = epsilon, 1 - epsilon

    def forward(self, y_true, y_pred):
        t, p = _together(y_true, y_pred)
        p[p < self.low] = self.low
        p[p > self.high] = self.high
        self.kept = -(t / p - (1 - t) / (1 - p)) / t.size
        surprise = -t * np.log(p) - (1 - t) * np.log1p(-p)
        return surprise.mean(axis=-1).mean()

    def backward(self):
        return self.kept.copy()


class CategoricalCrossEntropy:
    def __init__(self, epsilon=1e-7):
        self.low, self.high = epsilon, 1 - epsilon

    def forward(self, y_true, y_pred):
        t, p = _together(y_true, y_pred)
        p = np.minimum(np.maximum(p, self.low), self.high)
        self.kept = t / p * (-1 / len(t))
        return -np.einsum("bk,bk->b", t, np.log(p)).mean()

    def backward(self):
        return self.kept.copy()
