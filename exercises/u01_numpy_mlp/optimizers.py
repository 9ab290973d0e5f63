"""Three rules for a step downhill, in NumPy.

Each class has one method, `step(parameters, gradients)`: two lists of arrays, the k-th
gradient belonging to the k-th parameter. The parameters change in place: the layers
that own the arrays see the new values, and nothing is returned. The gradients are left
as they are.

What a rule remembers from step to step belongs to a place in the list, starts at 0 and
has the shape and dtype of the parameter there. The next step may bring other array
objects, of the same shapes in the same order.
"""

import numpy as np


class GradientDescent:
    """Steps against the gradient g.

        θ ← θ − learning_rate · g

    Args:
        learning_rate: The length of a step for a gradient of length 1.
    """

    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def step(self, parameters, gradients):
        raise NotImplementedError("Move every parameter, in place.")


class Momentum:
    """Gathers speed where gradients agree (Polyak, 1964).

        v ← momentum · v − learning_rate · g
        θ ← θ + v

    Args:
        learning_rate: How much the gradient changes the velocity v.
        momentum: How much of the velocity is left after a step.
    """

    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum = learning_rate, momentum
        self.velocities = None

    def step(self, parameters, gradients):
        raise NotImplementedError(
            "On the first step, velocities of 0; then move, in place."
        )


class Adam:
    """Gives every single number a step size of its own (Kingma & Ba, 2015).

    At step t = 1, 2, 3, …:

        m ← beta_1 · m + (1 − beta_1) · g          m̂ = m / (1 − beta_1ᵗ)
        v ← beta_2 · v + (1 − beta_2) · g²         v̂ = v / (1 − beta_2ᵗ)
        θ ← θ − learning_rate · m̂ / (√v̂ + epsilon)

    m and v start at 0 and are too small at first; the division by 1 − betaᵗ corrects
    just that.

    Args:
        learning_rate: About how far a number moves in a step, whatever its gradient.
        beta_1: How slowly the mean m of the gradients forgets.
        beta_2: How slowly the mean v of their squares forgets.
        epsilon: Keeps the quotient finite where all gradients were 0.

    Reference: https://arxiv.org/abs/1412.6980, algorithm 1.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.steps = 0
        self.means = self.squares = None

    def step(self, parameters, gradients):
        raise NotImplementedError(
            "Count, update both means, correct them, move in place."
        )
