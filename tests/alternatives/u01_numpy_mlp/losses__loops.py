"""Number by number, in Python's floats."""

import math

import numpy as np


class L2:
    def forward(self, y_true, y_pred):
        if y_true.shape != y_pred.shape:
            raise ValueError(f"{y_true.shape} is not {y_pred.shape}")
        self.pair = (y_true, y_pred)
        total = 0.0
        for t, p in zip(y_true.flat, y_pred.flat, strict=True):
            total += (float(t) - float(p)) ** 2
        return total / y_pred.size

    def backward(self):
        y_true, y_pred = self.pair
        dy = np.empty_like(y_pred)
        for place in np.ndindex(dy.shape):
            dy[place] = 2 * (y_pred[place] - y_true[place]) / dy.size
        return dy


class BinaryCrossEntropy:
    def __init__(self, epsilon=1e-7):
        self.epsilon = epsilon

    def inside(self, p):
        return min(max(float(p), self.epsilon), 1 - self.epsilon)

    def forward(self, y_true, y_pred):
        if y_true.shape != y_pred.shape:
            raise ValueError(f"{y_true.shape} is not {y_pred.shape}")
        self.pair = (y_true, y_pred)
        total = 0.0
        for t, p in zip(y_true.flat, y_pred.flat, strict=True):
            p = self.inside(p)
            total -= float(t) * math.log(p) + (1 - float(t)) * math.log1p(-p)
        return total / y_pred.size

    def backward(self):
        y_true, y_pred = self.pair
        dy = np.empty_like(y_pred)
        for place in np.ndindex(dy.shape):
            p, t = self.inside(y_pred[place]), float(y_true[place])
            dy[place] = ((1 - t) / (1 - p) - t / p) / dy.size
        return dy


class CategoricalCrossEntropy(BinaryCrossEntropy):
    def forward(self, y_true, y_pred):
        if y_true.shape != y_pred.shape:
            raise ValueError(f"{y_true.shape} is not {y_pred.shape}")
        self.pair = (y_true, y_pred)
        losses = []
        for truth, row in zip(y_true, y_pred, strict=True):
            losses.append(
                -sum(
                    float(t) * math.log(self.inside(p))
                    for t, p in zip(truth, row, strict=True)
                )
            )
        return sum(losses) / len(losses)

    def backward(self):
        y_true, y_pred = self.pair
        dy = np.empty_like(y_pred)
        for place in np.ndindex(dy.shape):
            dy[place] = -y_true[place] / self.inside(y_pred[place]) / len(dy)
        return dy
