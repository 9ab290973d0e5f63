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
        raise NotImplementedError("Keep where x is positive, and return y.")

    def backward(self, dy):
        raise NotImplementedError("∂L/∂x from ∂L/∂y and what was kept.")


class Sigmoid:
    """Squashes numbers into probabilities.

        y = 1 / (1 + exp(−x)) = exp(x) / (1 + exp(x))
        ∂y/∂x = y · (1 − y)

    Of the two forms, the first overflows for large negative x, the second for large
    positive x.
    """

    def forward(self, x):
        raise NotImplementedError("Y, by whichever form does not overflow.")

    def backward(self, dy):
        raise NotImplementedError("∂L/∂x from ∂L/∂y and y.")


class Tanh:
    """Squashes numbers into (−1, 1), symmetric about 0.

        y = (exp(x) − exp(−x)) / (exp(x) + exp(−x))
        ∂y/∂x = 1 − y²

    Written like this it overflows; `np.tanh` does not.
    """

    def forward(self, x):
        raise NotImplementedError("Y, finite for large x too.")

    def backward(self, dy):
        raise NotImplementedError("∂L/∂x from ∂L/∂y and y.")


class Softmax:
    """Turns the scores along the last axis into probabilities.

        y_k = exp(x_k) / Σ_j exp(x_j)
        ∂y_k/∂x_j = y_k · ([k = j] − y_j)

    Every output depends on every score of its row. Summed up, for one row:

        ∂L/∂x_j = y_j · (∂L/∂y_j − Σ_k ∂L/∂y_k · y_k)
    """

    def forward(self, x):
        raise NotImplementedError("The probabilities, finite for large scores too.")

    def backward(self, dy):
        raise NotImplementedError("∂L/∂x for every row from ∂L/∂y and y.")
