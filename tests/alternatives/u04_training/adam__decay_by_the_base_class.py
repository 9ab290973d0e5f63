"""Steps computed by a function of arrays; the decay left to Keras's base class."""

import keras
from keras import ops


def adam_step(g, m, v, beta_1, beta_2):
    return beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2


@keras.saving.register_keras_serializable(package="layerwise")
class Adam(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7,
                 amsgrad=False, **kwargs):  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.settings = {
            "beta_1": beta_1,
            "beta_2": beta_2,
            "epsilon": epsilon,
            "amsgrad": amsgrad,
        }

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "velocity"]
        self.ms, self.vs = self.add_optimizer_variables(variables, names)
        self.tops = []
        if self.settings["amsgrad"]:
            self.tops = self.add_optimizer_variables(variables, "velocity_hat")

    def update_step(self, gradient, variable, learning_rate):
        b1, b2 = self.settings["beta_1"], self.settings["beta_2"]
        k = self._get_variable_index(variable)
        g = ops.cast(gradient, variable.dtype)
        m, v = adam_step(g, self.ms[k], self.vs[k], b1, b2)
        self.assign(self.ms[k], m)
        self.assign(self.vs[k], v)
        if self.tops:
            v = ops.maximum(self.tops[k], v)
            self.assign(self.tops[k], v)
        t = ops.cast(self.iterations + 1, "float64")
        factor = ops.sqrt(1 - ops.power(ops.cast(b2, "float64"), t))
        factor = factor / (1 - ops.power(ops.cast(b1, "float64"), t))
        rate = ops.cast(learning_rate, variable.dtype) * ops.cast(
            factor, variable.dtype
        )
        self.assign_add(
            variable, -rate * (m / (self.settings["epsilon"] + ops.sqrt(v)))
        )

    def get_config(self):
        return {**super().get_config(), **self.settings}


@keras.saving.register_keras_serializable(package="layerwise")
class AdamW(Adam):
    def __init__(self, learning_rate=0.001, weight_decay=0.004, **kwargs):
        super().__init__(
            learning_rate=learning_rate, weight_decay=weight_decay, **kwargs
        )
        if self.weight_decay is None:
            raise ValueError("weight_decay must be a float")
