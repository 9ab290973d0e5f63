"""One formula for all three rules: the step is a mix of velocity and gradient."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SGD(keras.Optimizer):
    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        if type(momentum) is not float or momentum < 0 or momentum > 1:
            raise ValueError("momentum")
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.velocities = [
                self.add_variable_from_reference(v, name="momentum")
                for v in variables
                if self.momentum
            ]

    def update_step(self, gradient, variable, learning_rate):
        change = -ops.cast(learning_rate, variable.dtype) * ops.cast(
            gradient, variable.dtype
        )
        if self.momentum:
            v = self.velocities[self._get_variable_index(variable)]
            moved = change + v * self.momentum
            self.assign(v, moved)
            change = moved * self.momentum + change if self.nesterov else moved
        self.assign(variable, variable + change)

    def get_config(self):
        config = super().get_config()
        config.update(momentum=self.momentum, nesterov=self.nesterov)
        return config
