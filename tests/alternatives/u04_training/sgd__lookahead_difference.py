"""Nesterov from the difference of two velocities, as in Bengio et al. (2013)."""

import keras


@keras.saving.register_keras_serializable(package="layerwise")
class SGD(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        if not (isinstance(momentum, float) and 0 <= momentum <= 1):
            raise ValueError("momentum is a float between 0 and 1")
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.memory = {}
        if self.momentum:
            made = self.add_optimizer_variables(variables, "momentum")
            self.memory = {
                self._var_key(v): m for v, m in zip(variables, made, strict=True)
            }

    def update_step(self, gradient, variable, learning_rate):
        rate = keras.ops.cast(learning_rate, variable.dtype)
        memory = self.memory.get(self._var_key(variable))
        if memory is None:
            self.assign_sub(variable, gradient * rate)
            return
        old = keras.ops.copy(memory)
        new = self.momentum * old - rate * gradient
        self.assign(memory, new)
        mu = self.momentum
        self.assign_add(variable, (1 + mu) * new - mu * old if self.nesterov else new)

    def get_config(self):
        return super().get_config() | {
            "momentum": self.momentum,
            "nesterov": self.nesterov,
        }
