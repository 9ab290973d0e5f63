"""Every link knows the next one; batches come from a generator."""

import numpy as np

from course.numpy_parts import Dense, ReLU


class Link:
    """A layer, and the links behind it."""

    def __init__(self, layers):
        self.layer, *rest = layers
        self.after = Link(rest) if rest else None

    def forward(self, x):
        y = self.layer.forward(x)
        return self.after.forward(y) if self.after else y

    def backward(self, dy):
        return self.layer.backward(self.after.backward(dy) if self.after else dy)


class MLP:
    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        if len(layer_sizes) < 2 or len(layer_sizes) != 1 + len(activations):
            raise ValueError("one activation a layer, please")
        self.loss, self.optimizer, self.rng = (
            loss,
            optimizer,
            np.random.default_rng(seed),
        )
        self.layers = []
        for k in range(len(activations)):
            self.layers.insert(
                2 * k,
                Dense(
                    inputs=layer_sizes[k],
                    units=layer_sizes[k + 1],
                    init="he" if type(activations[k]) is ReLU else "xavier",
                    seed=self.rng.integers(2**31).item(),
                ),
            )
            self.layers.insert(2 * k + 1, activations[k])
        self.first = Link(self.layers)

    def parameters(self):
        return self._of_all("parameters")

    def gradients(self):
        return self._of_all("gradients")

    def _of_all(self, method):
        arrays = []
        for layer in self.layers:
            arrays.extend(getattr(layer, method, list)())
        return arrays

    def forward(self, x):
        return self.first.forward(x)

    def backward(self, dy):
        return self.first.backward(dy)

    def train_step(self, x, y):
        prediction = self.first.forward(x)
        loss = self.loss.forward(y, prediction)
        self.first.backward(self.loss.backward())
        self.optimizer.step(self.parameters(), self.gradients())
        return loss

    @staticmethod
    def batches(order, size):
        for k in range(-(-len(order) // size)):
            yield order[k * size : (k + 1) * size]

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True):
        history = []
        for _ in range(epochs):
            order = self.rng.permutation(len(x)) if shuffle else np.r_[: len(x)]
            sums = 0.0
            for batch in self.batches(order, batch_size):
                loss = self.train_step(np.take(x, batch, 0), np.take(y, batch, 0))
                sums += loss * batch.size
            history.append(sums / len(order))
        return history
