"""The state is a dictionary keyed by the place in the list; functions do the work."""

from collections import defaultdict

import numpy as np


def descend(parameter, gradient, state, *, rate):
    parameter -= rate * gradient


def roll(parameter, gradient, state, *, rate, momentum):
    v = state.setdefault("v", np.zeros(parameter.shape, parameter.dtype))
    v[...] = momentum * v - rate * gradient
    parameter += v


def adapt(parameter, gradient, state, *, rate, betas, epsilon):
    state["t"] = t = state.get("t", 0) + 1
    for name, beta, value in zip("mv", betas, (gradient, gradient**2), strict=True):
        old = state.get(name, np.zeros_like(parameter))
        state[name] = old + (1 - beta) * (value - old)
    m_hat, v_hat = (
        state[name] / (1 - beta**t) for name, beta in zip("mv", betas, strict=True)
    )
    parameter -= rate * m_hat / (np.sqrt(v_hat) + epsilon)


class _ByPlace:
    def __init__(self, rule, **settings):
        self.rule, self.settings = rule, settings
        self.states = defaultdict(dict)

    def step(self, parameters, gradients):
        for place, parameter in enumerate(parameters):
            state = self.states[place]
            self.rule(parameter, gradients[place], state, **self.settings)


class GradientDescent(_ByPlace):
    def __init__(self, learning_rate=0.01):
        super().__init__(descend, rate=learning_rate)


class Momentum(_ByPlace):
    def __init__(self, learning_rate=0.01, momentum=0.9):
        super().__init__(roll, rate=learning_rate, momentum=momentum)


class Adam(_ByPlace):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        betas = (beta_1, beta_2)
        super().__init__(adapt, rate=learning_rate, betas=betas, epsilon=epsilon)
