"""Each parameter has a generator that remembers for it: send a gradient, get a move."""

import math


class _Optimizer:
    def step(self, parameters, gradients):
        if not hasattr(self, "rules"):
            self.rules = [self.rule() for _ in parameters]
            for rule in self.rules:
                next(rule)
        for parameter, gradient, rule in zip(
            parameters, gradients, self.rules, strict=True
        ):
            parameter += rule.send(gradient)


class GradientDescent(_Optimizer):
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def rule(self):
        move = None
        while True:
            gradient = yield move
            move = -self.learning_rate * gradient


class Momentum(_Optimizer):
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum = learning_rate, momentum

    def rule(self):
        velocity = 0
        while True:
            gradient = yield velocity
            velocity = self.momentum * velocity - self.learning_rate * gradient


class Adam(_Optimizer):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2 = beta_1, beta_2

    def rule(self):
        move, m, v = None, 0, 0
        b1, b2, left1, left2 = self.beta_1, self.beta_2, 1.0, 1.0
        while True:
            g = yield move
            left1, left2 = left1 * b1, left2 * b2
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            # the two corrections in one factor, as in section 2 of the paper
            rate = self.learning_rate * math.sqrt(1 - left2) / (1 - left1)
            move = -rate * m / (v**0.5 + self.epsilon * math.sqrt(1 - left2))
