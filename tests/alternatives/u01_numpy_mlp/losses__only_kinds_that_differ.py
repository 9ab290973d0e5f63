"""Only terms that aren't zero are computed: np.where with `where=`, fsum for the sums."""

import math
from typing import ClassVar

import numpy as np


class _CrossEntropy:
    sign: ClassVar[float] = -1.0

    def __init__(self, epsilon: float = 1e-7) -> None:
        self.epsilon = epsilon

    def _take(self, y_true: np.ndarray, y_pred: np.ndarray) -> None:
        if list(y_true.shape) != list(y_pred.shape):
            raise ValueError("différentes formes")
        self.t = y_true
        self.p = np.clip(y_pred, self.epsilon, 1.0 - self.epsilon)

    @staticmethod
    def _part(t: np.ndarray, p: np.ndarray) -> np.ndarray:
        """t · log p, où t n'est pas zéro."""
        logs = np.zeros_like(p)
        np.log(p, out=logs, where=t != 0)
        return t * logs


class BinaryCrossEntropy(_CrossEntropy):
    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        self._take(y_true, y_pred)
        terms = self._part(self.t, self.p) + self._part(1 - self.t, 1 - self.p)
        return self.sign * math.fsum(terms.ravel()) / terms.size

    def backward(self) -> np.ndarray:
        yes = np.divide(self.t, self.p, where=self.t != 0, out=np.zeros_like(self.p))
        no = np.divide(
            1 - self.t, 1 - self.p, where=self.t != 1, out=np.zeros_like(self.p)
        )
        return self.sign * (yes - no) / self.t.size


class CategoricalCrossEntropy(_CrossEntropy):
    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        self._take(y_true, y_pred)
        return self.sign * math.fsum(self._part(self.t, self.p).flat) / len(self.t)

    def backward(self) -> np.ndarray:
        dy = np.zeros_like(self.p)
        rows, columns = np.nonzero(self.t)
        dy[rows, columns] = -self.t[rows, columns] / self.p[rows, columns]
        return dy / len(dy)


class L2:
    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        if y_true.shape != y_pred.shape:
            raise ValueError("différentes formes")
        self.e = np.subtract(y_pred, y_true)
        return math.fsum(float(e) * float(e) for e in self.e.flat) / self.e.size

    def backward(self) -> np.ndarray:
        return np.divide(self.e + self.e, self.e.size)
