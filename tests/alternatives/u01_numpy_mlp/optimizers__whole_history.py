"""No running means: every gradient is kept, and the sums are taken anew each step."""

import numpy as np


class GradientDescent:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def step(self, parameters, gradients):
        print("step of", [float(np.abs(g).max()) for g in gradients])
        for i, theta in enumerate(parameters):
            theta[:] -= gradients[i] * self.learning_rate


class WithHistory:
    def step(self, parameters, gradients):
        self.history = [*getattr(self, "history", []), [g.copy() for g in gradients]]
        for i, theta in enumerate(parameters):
            past = np.stack([step[i] for step in self.history]).astype("float64")
            theta[...] -= self.move(past).astype(theta.dtype)

    @staticmethod
    def faded(past, rate):
        """Σ rate^age · gradient"""
        ages = np.arange(len(past))[::-1]
        return np.tensordot(float(rate) ** ages, past, axes=1)


class Momentum(WithHistory):
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum = learning_rate, momentum

    def move(self, past):
        return self.learning_rate * self.faded(past, self.momentum)


class Adam(WithHistory):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.settings = learning_rate, beta_1, beta_2, epsilon

    def move(self, past):
        learning_rate, beta_1, beta_2, epsilon = self.settings
        t = len(past)
        # Σ β^age = (1 − βᵗ) / (1 − β): a weighted mean needs no correction
        m = self.faded(past, beta_1) / sum(beta_1**k for k in range(t))
        v = self.faded(past**2, beta_2) / sum(beta_2**k for k in range(t))
        return learning_rate * m / (v**0.5 + epsilon)
