"""forward and backward as folds; epochs as a comprehension; typed."""

from __future__ import annotations

from functools import reduce
from itertools import chain

import numpy as np

import course.numpy_parts as parts


class MLP:
    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        if len(activations) < 1 or len(activations) + 1 != len(layer_sizes):
            raise ValueError("sizes and activations")
        self.loss, self.optimizer = loss, optimizer
        self.rng = np.random.default_rng(seed)
        seeds = self.rng.integers(0, 2**30, size=len(activations)).tolist()
        inits = ["he" if isinstance(a, parts.ReLU) else "xavier" for a in activations]
        dense = map(parts.Dense, layer_sizes, layer_sizes[1:], inits, seeds)
        self.layers = list(chain.from_iterable(zip(dense, activations, strict=True)))

    def parameters(self) -> list[np.ndarray]:
        return sum((dense.parameters() for dense in self.layers[::2]), [])  # noqa: RUF017

    def gradients(self) -> list[np.ndarray]:
        return sum((dense.gradients() for dense in self.layers[::2]), [])  # noqa: RUF017

    def forward(self, x: np.ndarray) -> np.ndarray:
        return reduce(lambda value, layer: layer.forward(value), self.layers, x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return reduce(lambda value, layer: layer.backward(value), self.layers[::-1], dy)

    def train_step(self, x: np.ndarray, y: np.ndarray) -> float:
        before = self.loss.forward(y, self.forward(x))
        self.backward(self.loss.backward())
        self.optimizer.step(self.parameters(), self.gradients())
        return float(before)

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True) -> list[float]:
        return [self._epoch(x, y, batch_size, shuffle) for _ in range(epochs)]

    def _epoch(self, x, y, batch_size, shuffle) -> float:
        numbers = np.arange(len(x))
        if shuffle:
            self.rng.shuffle(numbers)
        batches = [numbers[k : k + batch_size] for k in range(0, len(x), batch_size)]
        return sum(len(b) / len(x) * self.train_step(x[b], y[b]) for b in batches)
