"""Keeps Dense layers and activations in two lists, and shuffles x and y themselves."""

import itertools

import numpy as np

from course.numpy_parts import Dense, ReLU


class MLP:
    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        assert_fits(layer_sizes, activations)
        self.loss, self.optimizer = loss, optimizer
        self.rng = np.random.default_rng(seed)
        base = int(self.rng.integers(10**6))
        sizes = itertools.pairwise(layer_sizes)
        self.dense = [
            Dense(i, u, ["xavier", "he"][isinstance(a, ReLU)], base + k)
            for k, ((i, u), a) in enumerate(zip(sizes, activations, strict=True))
        ]
        self.activations = list(activations)

    @property
    def layers(self):
        pairs = zip(self.dense, self.activations, strict=True)
        return [layer for pair in pairs for layer in pair]

    def parameters(self):
        return [array for dense in self.dense for array in (dense.kernel, dense.bias)]

    def gradients(self):
        gradients = []
        for dense in self.dense:
            gradients += [dense.kernel_gradient, dense.bias_gradient]
        return gradients

    def forward(self, x):
        for dense, activation in zip(self.dense, self.activations, strict=True):
            x = activation.forward(dense.forward(x))
        return x

    def backward(self, dy):
        for k in range(len(self.dense) - 1, -1, -1):
            dy = self.dense[k].backward(self.activations[k].backward(dy))
        return dy

    def train_step(self, x, y):
        print("a step on", len(x), "examples")
        prediction = self.forward(x)
        loss = self.loss.forward(y, prediction)
        dy = self.loss.backward()
        self.backward(dy)
        self.optimizer.step(self.parameters(), self.gradients())
        return np.float64(loss)

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True):
        history = np.zeros(epochs)
        for epoch in range(epochs):
            if shuffle:
                order = np.argsort(self.rng.random(len(x)))
                x, y = x[order], y[order]
            done = 0
            while done < len(x):
                part = slice(done, min(done + batch_size, len(x)))
                loss = self.train_step(x[part], y[part])
                history[epoch] += loss * (part.stop - part.start) / len(x)
                done = part.stop
        return history.tolist()


def assert_fits(layer_sizes, activations):
    if len(layer_sizes) != len(activations) + 1:
        raise ValueError(f"{layer_sizes} does not fit {len(activations)} activations")
