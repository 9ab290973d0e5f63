"""All parameters are joined to one vector, moved, and cut apart again."""

import numpy as np


def joined(arrays):
    return np.concatenate([np.asarray(array).ravel() for array in arrays])


class GradientDescent:
    def __init__(self, learning_rate=0.01):
        self.lr = learning_rate

    def move(self, g):
        return self.lr * g

    def step(self, parameters, gradients):
        move = self.move(joined(gradients))
        start = 0
        for parameter in parameters:
            stop = start + parameter.size
            parameter[...] = parameter - move[start:stop].reshape(parameter.shape)
            start = stop


class Momentum(GradientDescent):
    def __init__(self, learning_rate=0.01, momentum=0.9):
        super().__init__(learning_rate)
        self.rho, self.v = momentum, 0

    def move(self, g):
        self.v = self.rho * self.v + self.lr * g
        return self.v


class Adam(GradientDescent):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        super().__init__(learning_rate)
        self.beta = np.array([[beta_1], [beta_2]])
        self.powers = np.ones((2, 1))
        self.moments = 0
        self.epsilon = epsilon

    def move(self, g):
        both = np.stack([g, g * g]).astype("float64")
        self.moments = self.beta * self.moments + (1 - self.beta) * both
        self.powers = self.powers * self.beta
        m, v = self.moments / (1 - self.powers)
        return self.lr * m / (np.sqrt(v) + self.epsilon)
