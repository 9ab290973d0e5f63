"""A shared loop over pairs, one memory object a parameter, factors kept as products."""

import numpy as np


class _Each:
    memory = None

    def step(self, parameters, gradients):
        if self.memory is None:
            self.memory = [self.fresh(p) for p in parameters]
        self.before()
        for own, p, g in zip(self.memory, parameters, gradients, strict=True):
            np.add(p, self.change(own, g), out=p, casting="same_kind")

    def before(self):
        pass

    def fresh(self, parameter):
        return {"m": np.zeros(parameter.shape), "v": np.zeros(parameter.shape)}


class GradientDescent(_Each):
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def change(self, own, g):
        return np.negative(g) * self.learning_rate


class Momentum(_Each):
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum = learning_rate, momentum

    def change(self, own, g):
        own["v"] = self.momentum * own["v"] - self.learning_rate * g
        return own["v"]


class Adam(_Each):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.product_1 = self.product_2 = 1.0

    def before(self):
        self.product_1 *= self.beta_1
        self.product_2 *= self.beta_2

    def change(self, own, g):
        own["m"] += (g - own["m"]) * (1 - self.beta_1)
        own["v"] += (g * g - own["v"]) * (1 - self.beta_2)
        root = np.sqrt(own["v"]) / np.sqrt(1 - self.product_2)
        mean = own["m"] / (1 - self.product_1)
        return -self.learning_rate * mean / (root + self.epsilon)
