"""The binary loss through its logit z: log(1 + eᶻ) − y·z. The rest with np.average."""

import numpy as np


def check(a, b):
    if a.ndim != b.ndim or any(m != n for m, n in zip(a.shape, b.shape, strict=True)):
        raise ValueError("not the same shape")


class L2(object):  # noqa: UP004
    "A string in the way of 2010."

    def forward(self, y_true, y_pred):
        check(y_true, y_pred)
        self.y_true = y_true
        self.y_pred = y_pred
        return np.average(np.power(np.abs(y_true - y_pred), 2))

    def backward(self):
        n = 1
        for size in self.y_pred.shape:
            n *= size
        return (self.y_pred - self.y_true) * 2 / n


class BinaryCrossEntropy(object):  # noqa: UP004
    def __init__(self, epsilon=1e-7):
        self.eps = epsilon

    def forward(self, y_true, y_pred):
        check(y_true, y_pred)
        p = y_pred.astype("float64").clip(self.eps, 1 - self.eps)
        self.z, self.y, self.dtype = np.log(p) - np.log1p(-p), y_true, y_pred.dtype
        return np.average(np.logaddexp(0, self.z) - y_true * self.z)

    def backward(self):
        # dp/dz = p·(1 − p); dL/dz = p − y
        p = 1 / (1 + np.exp(-self.z))
        dz = p - self.y
        return (dz * (2 + 2 * np.cosh(self.z)) / dz.size).astype(self.dtype)


class CategoricalCrossEntropy(object):  # noqa: UP004
    def __init__(self, epsilon=1e-7):
        self.eps = epsilon

    def forward(self, y_true, y_pred):
        check(y_true, y_pred)
        self.y = y_true
        self.p = np.fmin(np.fmax(y_pred, self.eps), 1 - self.eps).astype(y_pred.dtype)
        return np.average(
            [-(t @ np.log(p)) for t, p in zip(y_true, self.p, strict=True)]
        )

    def backward(self):
        return np.stack([-t / p for t, p in zip(self.y, self.p, strict=True)]) / len(
            self.y
        )
