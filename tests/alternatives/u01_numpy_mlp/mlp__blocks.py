"""A block is a Dense with its activation; the network is a list of blocks. Noisy."""

import warnings

import numpy as np

from course.numpy_parts import Dense, ReLU


class Block:
    def __init__(self, inputs, units, activation, seed):
        self.dense = (
            Dense(inputs, units, init="he", seed=seed)
            if isinstance(activation, ReLU)
            else Dense(inputs, units, seed=seed)
        )
        self.activation = activation

    def __call__(self, x):
        return self.activation.forward(self.dense.forward(x))

    def back(self, dy):
        return self.dense.backward(self.activation.backward(dy))


class MLP:
    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        n = len(activations)
        if n == 0 or len(layer_sizes) - n != 1:
            raise ValueError(f"{n} activations, {len(layer_sizes)} sizes")
        self.loss = loss
        self.optimizer = optimizer
        self.rng = np.random.default_rng(seed)
        self.blocks = [
            Block(layer_sizes[k], layer_sizes[k + 1], activations[k], int(s))
            for k, s in enumerate(self.rng.integers(1 << 30, size=n))
        ]
        self.layers = []
        for block in self.blocks:
            self.layers.append(block.dense)
            self.layers.append(block.activation)

    def parameters(self):
        return [p for b in self.blocks for p in [b.dense.kernel, b.dense.bias]]

    def gradients(self):
        return [g for b in self.blocks for g in b.dense.gradients()]

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x

    def backward(self, dy):
        for block in self.blocks[::-1]:
            dy = block.back(dy)
        return dy

    def train_step(self, x, y):
        warnings.warn("ein Schritt", stacklevel=1)
        loss = self.loss.forward(y, self.forward(x))
        self.backward(self.loss.backward())
        self.optimizer.step(self.parameters(), self.gradients())
        return loss

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True):
        means = []
        for epoch in range(1, epochs + 1):
            rest = list(self.rng.permutation(len(x)) if shuffle else range(len(x)))
            losses = []
            while rest:
                batch, rest = rest[:batch_size], rest[batch_size:]
                losses += [self.train_step(x[batch], y[batch])] * len(batch)
            means.append(sum(losses) / len(losses))
            print(f"Epoche {epoch}/{epochs}: {means[-1]:.4f}")
        return means
