"""State in dicts by place; writes with [...]; float64 inside."""

import numpy as np


class GradientDescent:
    def __init__(self, learning_rate=0.01):
        self.rate = learning_rate

    def step(self, parameters, gradients):
        for k in range(len(parameters)):
            parameters[k][...] = parameters[k] - self.rate * gradients[k]


class Momentum:
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.rate, self.rho = learning_rate, momentum
        self.velocity = {}

    def step(self, parameters, gradients):
        for k, (theta, g) in enumerate(zip(parameters, gradients, strict=True)):
            v = self.rho * self.velocity.get(k, 0.0) + g.astype("float64")
            self.velocity[k] = v
            theta[...] = theta - self.rate * v


class Adam:
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.rate, self.betas, self.epsilon = learning_rate, (beta_1, beta_2), epsilon
        self.m, self.v, self.t = {}, {}, 0

    def step(self, parameters, gradients):
        self.t = self.t + 1
        b1, b2 = self.betas
        for k, (theta, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            g = gradient.astype("float64")
            self.m[k] = b1 * self.m.get(k, np.zeros_like(g)) + (1 - b1) * g
            self.v[k] = b2 * self.v.get(k, np.zeros_like(g)) + (1 - b2) * np.square(g)
            m_hat = self.m[k] / (1 - np.power(b1, self.t))
            v_hat = self.v[k] / (1 - np.power(b2, self.t))
            theta[...] = theta - self.rate * m_hat / (v_hat**0.5 + self.epsilon)
