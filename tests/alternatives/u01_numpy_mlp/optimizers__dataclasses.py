"""Dataclasses, out= everywhere, and a scratch array."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class GradientDescent:
    learning_rate: float = 0.01

    def step(self, parameters, gradients):
        for k in range(len(parameters)):
            np.subtract(
                parameters[k], np.multiply(gradients[k], self.learning_rate),
                out=parameters[k],
            )  # fmt: skip


@dataclass
class Momentum:
    learning_rate: float = 0.01
    momentum: float = 0.9
    velocities: list = field(default_factory=list)

    def step(self, parameters, gradients):
        for k, (parameter, gradient) in enumerate(
            zip(parameters, gradients, strict=True)
        ):
            if k == len(self.velocities):
                self.velocities.append(np.zeros_like(parameter))
            velocity = self.velocities[k]
            np.multiply(velocity, self.momentum, out=velocity)
            np.subtract(velocity, gradient * self.learning_rate, out=velocity)
            np.add(parameter, velocity, out=parameter)


@dataclass
class Adam:
    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    t: int = 0
    state: list = field(default_factory=list)

    def step(self, parameters, gradients):
        self.t += 1
        while len(self.state) < len(parameters):
            like = parameters[len(self.state)]
            self.state.append((np.zeros_like(like), np.zeros_like(like)))
        for parameter, g, (m, v) in zip(parameters, gradients, self.state, strict=True):
            m[...] = self.beta_1 * m + (1 - self.beta_1) * g
            v[...] = self.beta_2 * v + (1 - self.beta_2) * np.square(g)
            scratch = np.sqrt(v / (1 - self.beta_2**self.t))
            scratch += self.epsilon
            np.divide(m, scratch, out=scratch)
            scratch *= self.learning_rate / (1 - self.beta_1**self.t)
            parameter -= scratch
