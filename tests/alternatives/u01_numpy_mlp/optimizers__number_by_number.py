"""Python floats, one number of one parameter after the other."""

import math

import numpy as np


class _NumberByNumber:
    start = ()

    def step(self, parameters, gradients):
        self.t = getattr(self, "t", 0) + 1
        self.memory = getattr(self, "memory", {})
        for k, (parameter, gradient) in enumerate(
            zip(parameters, gradients, strict=True)
        ):
            for place in np.ndindex(parameter.shape):
                known = self.memory.get((k, place), self.start)
                move, *known = self.one(float(gradient[place]), *known)
                self.memory[k, place] = known
                parameter[place] += move


class GradientDescent(_NumberByNumber):
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def one(self, g):
        return (-self.learning_rate * g,)


class Momentum(_NumberByNumber):
    start = (0.0,)

    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum = learning_rate, momentum

    def one(self, g, v):
        v = self.momentum * v - self.learning_rate * g
        return v, v


class Adam(_NumberByNumber):
    start = (0.0, 0.0)

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.a, self.b1, self.b2, self.e = learning_rate, beta_1, beta_2, epsilon

    def one(self, g, m, v):
        m = m + (1 - self.b1) * (g - m)
        v = v + (1 - self.b2) * (g * g - v)
        m_hat = m / (1 - math.pow(self.b1, self.t))
        v_hat = v / (1 - math.pow(self.b2, self.t))
        return -self.a * m_hat / (math.sqrt(v_hat) + self.e), m, v
