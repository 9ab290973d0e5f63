"""Four activations with a forward and a backward pass, in NumPy.

Each class has two methods:

- `forward(x)` returns y, and keeps what `backward` will need.
- `backward(dy)` takes ∂L/∂y, an array of y's shape, for the latest `forward`, and
  returns ∂L/∂x, an array of x's shape.

x is floating point of any shape and of any size of numbers, |x| = 1000 included. The
results have its shape and dtype, and neither method changes its argument. Every object
keeps its own values: a network may have several of a kind.
"""

import numpy as np


class ReLU:
    """Keeps what is positive (Nair & Hinton, 2010).

        y = max(x, 0)
        ∂L/∂x = ∂L/∂y where x > 0, else 0

    At x = 0 there is no derivative; the course takes 0, as Keras does.
    """

    def forward(self, x):
        ### BEGIN SOLUTION keep where x is positive, and return y
        self.positive = x > 0
        return np.where(self.positive, x, np.zeros_like(x))
        ### END SOLUTION

    def backward(self, dy):
        ### BEGIN SOLUTION ∂L/∂x from ∂L/∂y and what was kept
        return dy * self.positive
        ### END SOLUTION


class Sigmoid:
    """Squashes numbers into probabilities.

        y = 1 / (1 + exp(−x)) = exp(x) / (1 + exp(x))
        ∂y/∂x = y · (1 − y)

    Of the two forms, the first overflows for large negative x, the second for large
    positive x.
    """

    def forward(self, x):
        ### BEGIN SOLUTION y, by whichever form does not overflow
        small = np.exp(-np.abs(x))  # in (0, 1]
        self.y = np.where(x >= 0, 1 / (1 + small), small / (1 + small))
        return self.y
        ### END SOLUTION

    def backward(self, dy):
        ### BEGIN SOLUTION ∂L/∂x from ∂L/∂y and y
        return dy * self.y * (1 - self.y)
        ### END SOLUTION


class Tanh:
    """Squashes numbers into (−1, 1), symmetric about 0.

        y = (exp(x) − exp(−x)) / (exp(x) + exp(−x))
        ∂y/∂x = 1 − y²

    Written like this it overflows; `np.tanh` does not.
    """

    def forward(self, x):
        ### BEGIN SOLUTION y, finite for large x too
        self.y = np.tanh(x)
        return self.y
        ### END SOLUTION

    def backward(self, dy):
        ### BEGIN SOLUTION ∂L/∂x from ∂L/∂y and y
        return dy * (1 - self.y**2)
        ### END SOLUTION


class Softmax:
    """Turns the scores along the last axis into probabilities.

        y_k = exp(x_k) / Σ_j exp(x_j)
        ∂y_k/∂x_j = y_k · ([k = j] − y_j)

    Every output depends on every score of its row. Summed up, for one row:

        ∂L/∂x_j = y_j · (∂L/∂y_j − Σ_k ∂L/∂y_k · y_k)
    """

    def forward(self, x):
        ### BEGIN SOLUTION the probabilities, finite for large scores too
        weights = np.exp(x - x.max(axis=-1, keepdims=True))
        self.y = weights / weights.sum(axis=-1, keepdims=True)
        return self.y
        ### END SOLUTION

    def backward(self, dy):
        ### BEGIN SOLUTION ∂L/∂x for every row from ∂L/∂y and y
        average = (dy * self.y).sum(axis=-1, keepdims=True)  # (..., 1)
        return self.y * (dy - average)
        ### END SOLUTION
