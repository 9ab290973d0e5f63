"""Forward and backward by recursion; batches with array_split; a shuffled index list."""

import numpy as np

from course import numpy_parts


class MLP:
    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        if len(layer_sizes) - 1 != len(activations):
            raise ValueError("one activation a layer")
        self.loss, self.optimizer = loss, optimizer
        self.rng = np.random.default_rng(seed)
        seeds = self.rng.choice(10**6, size=len(activations), replace=False)
        self.layers = []
        for k, activation in enumerate(activations):
            rectified = type(activation).__name__ == "ReLU"
            self.layers.append(
                numpy_parts.Dense(
                    layer_sizes[k],
                    layer_sizes[k + 1],
                    init="he" if rectified else "xavier",
                    seed=int(seeds[k]),
                )
            )
            self.layers.append(activation)

    def _with_parameters(self):
        return [layer for layer in self.layers if hasattr(layer, "parameters")]

    def parameters(self):
        found = []
        for layer in self._with_parameters():
            found.extend(layer.parameters())
        return found

    def gradients(self):
        return [g for layer in self._with_parameters() for g in layer.gradients()]

    def forward(self, x, k=0):
        if k == len(self.layers):
            return x
        return self.forward(self.layers[k].forward(x), k + 1)

    def backward(self, dy, k=None):
        k = len(self.layers) if k is None else k
        return dy if k == 0 else self.backward(self.layers[k - 1].backward(dy), k - 1)

    def train_step(self, x, y):
        loss = self.loss.forward(y, self.forward(x))
        self.backward(self.loss.backward())
        self.optimizer.step(self.parameters(), self.gradients())
        return loss

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True):
        order = list(range(len(x)))
        cuts = list(range(batch_size, len(x), batch_size))
        history = []
        while len(history) < epochs:
            if shuffle:
                self.rng.shuffle(order)
            batches = np.array_split(np.array(order), cuts)
            losses = [self.train_step(x[b], y[b]) for b in batches]
            sizes = [len(b) for b in batches]
            history.append(float(np.average(losses, weights=sizes)))
        return history
