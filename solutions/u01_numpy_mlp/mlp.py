"""A multi-layer perceptron in NumPy (Rumelhart, Hinton & Williams, 1986)."""

import numpy as np

from course.numpy_parts import Dense, ReLU


class MLP:
    """Dense layers and activations in turn, trained by backpropagation.

        layer_sizes [2, 8, 3] with activations [a, c]:
        x (B, 2) → Dense(2, 8) → a → Dense(8, 3) → c → prediction (B, 3)

    The layers come from `course.numpy_parts`, with the interface of this unit: your own
    `Dense` once it has passed its checks.

    Args:
        layer_sizes: How many numbers an example has at the start and after each layer.
        activations: One object a layer: `[ReLU(), Softmax()]`. Each remembers its own
            forward pass, so the same object can't serve twice.
        loss: An object with `forward(y_true, y_pred)` and `backward()`.
        optimizer: An object with `step(parameters, gradients)`.
        seed: An integer makes the same network and the same shuffles every time.

    Attributes:
        layers: `[Dense, activation, Dense, activation, …]`. A Dense before a ReLU
            starts with init `he`, any other with `xavier`; each has a seed of its own.

    Input shape: `(B, layer_sizes[0])`. Output shape: `(B, layer_sizes[-1])`.

    Raises:
        ValueError: If there isn't one activation for each layer.
    """

    def __init__(self, layer_sizes, activations, loss, optimizer, seed=None):
        if len(layer_sizes) != len(activations) + 1 or not activations:
            raise ValueError(
                f"{len(layer_sizes)} sizes make {len(layer_sizes) - 1} layers; got "
                f"{len(activations)} activations."
            )
        self.loss, self.optimizer = loss, optimizer
        self.rng = np.random.default_rng(seed)
        ### BEGIN SOLUTION self.layers, each Dense with a seed drawn from self.rng
        self.layers = []
        for inputs, units, activation in zip(
            layer_sizes[:-1], layer_sizes[1:], activations, strict=True
        ):
            init = "he" if isinstance(activation, ReLU) else "xavier"
            seed = int(self.rng.integers(2**31))
            self.layers += [Dense(inputs, units, init, seed), activation]
        ### END SOLUTION

    def parameters(self):
        """The parameters of every Dense, first layer first: kernel, bias, kernel, …"""
        ### BEGIN SOLUTION one list of the arrays themselves
        return [p for dense in self.layers[::2] for p in dense.parameters()]
        ### END SOLUTION

    def gradients(self):
        """The gradients of `parameters()`, in their order, from the latest backward."""
        ### BEGIN SOLUTION one list, in the same order
        return [g for dense in self.layers[::2] for g in dense.gradients()]
        ### END SOLUTION

    def forward(self, x):
        """The predictions for x."""
        ### BEGIN SOLUTION through every layer
        for layer in self.layers:
            x = layer.forward(x)
        return x
        ### END SOLUTION

    def backward(self, dy):
        """∂L/∂prediction → ∂L/∂x, for the latest `forward`; fills `gradients()`."""
        ### BEGIN SOLUTION through every layer, the last one first
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy
        ### END SOLUTION

    def train_step(self, x, y):
        """One step of the optimizer on one batch; returns the loss before the step."""
        ### BEGIN SOLUTION forward, loss, backward, step
        loss = self.loss.forward(y, self.forward(x))
        self.backward(self.loss.backward())
        self.optimizer.step(self.parameters(), self.gradients())
        return loss
        ### END SOLUTION

    def fit(self, x, y, epochs=1, batch_size=32, shuffle=True):
        """Trains on all examples, `epochs` times, a batch at a time.

        Args:
            x: `(N, layer_sizes[0])`.
            y: `(N, layer_sizes[-1])`, the targets that the loss expects.
            epochs: How often every example is seen.
            batch_size: B. The last batch of an epoch may be smaller: nothing is left
                out.
            shuffle: Whether each epoch has a new order, drawn from `self.rng`; otherwise
                the order is that of x.

        Returns:
            For each epoch the mean loss of its examples, as `train_step` found them: a
            batch counts as many times as it has examples.
        """
        ### BEGIN SOLUTION for each epoch: order, batches, train_step, mean loss
        losses = []
        for _ in range(epochs):
            order = self.rng.permutation(len(x)) if shuffle else np.arange(len(x))
            total = 0.0
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                total += len(batch) * self.train_step(x[batch], y[batch])
            losses.append(total / len(x))
        return losses
        ### END SOLUTION
