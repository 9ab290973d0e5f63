"""Seeds from np.random.SeedSequence.spawn; the reshuffled copies of x and y are kept."""

import numpy as np

from course import numpy_parts


class MLP:
    layers: list

    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        if len(activations) == 0:
            raise ValueError("no activation")
        if len(layer_sizes) != len(activations) + 1:
            raise ValueError("number of activations")
        sequence = np.random.SeedSequence(seed)
        *children, last = sequence.spawn(len(activations) + 1)
        self.rng = np.random.default_rng(last)
        self.loss, self.optimizer, self.layers = loss, optimizer, []
        for k, (child, activation) in enumerate(
            zip(children, activations, strict=True)
        ):
            init = ("xavier", "he")[int(isinstance(activation, numpy_parts.ReLU))]
            number = int(child.generate_state(1)[0])
            dense = numpy_parts.Dense(*layer_sizes[k : k + 2], init, number)
            self.layers.extend((dense, activation))

    def parameters(self):
        arrays = []
        for k in range(0, len(self.layers), 2):
            arrays.append(self.layers[k].kernel)
            arrays.append(self.layers[k].bias)
        return arrays

    def gradients(self):
        arrays = []
        for k in range(0, len(self.layers), 2):
            arrays.append(self.layers[k].kernel_gradient)
            arrays.append(self.layers[k].bias_gradient)
        return arrays

    def forward(self, x):
        values = [x]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        return values.pop()

    def backward(self, dy):
        layers = self.layers[:]
        while layers:
            dy = layers.pop().backward(dy)
        return dy

    def train_step(self, x, y):
        loss = self.loss.forward(y, self.forward(x))
        _ = self.backward(self.loss.backward())
        self.optimizer.step(self.parameters(), self.gradients())
        return loss

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True):
        losses = np.zeros((epochs, len(x)))
        for row in losses:
            if shuffle:
                keys = self.rng.random(len(x))
                x, y = (array[keys.argsort()] for array in (x, y))
            for start in range(0, len(x), batch_size):
                part = slice(start, start + batch_size)
                row[part] = self.train_step(x[part], y[part])
        return list(losses.mean(axis=1))
