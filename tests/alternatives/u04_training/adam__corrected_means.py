"""The means corrected one by one, epsilon scaled to match; powers kept by hand."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class Adam(keras.Optimizer):
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7,
                 amsgrad=False, **kwargs):  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon, self.amsgrad = epsilon, amsgrad

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.moments = []
        for variable in variables:
            first = self.add_variable_from_reference(variable, name="momentum")
            second = self.add_variable_from_reference(variable, name="velocity")
            self.moments.append([first, second])
        if self.amsgrad:
            for moments, variable in zip(self.moments, variables, strict=True):
                moments.append(
                    self.add_variable_from_reference(variable, "velocity_hat")
                )

    def update_step(self, gradient, variable, learning_rate):
        dtype = variable.dtype
        t = ops.cast(self.iterations, dtype) + 1
        b1, b2 = (ops.cast(b, dtype) for b in (self.beta_1, self.beta_2))
        g, lr = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        m, v, *largest = self.moments[self._get_variable_index(variable)]
        self.assign_add(m, (g - m) * (1 - self.beta_1))
        self.assign_add(v, (g * g - v) * (1 - self.beta_2))
        for top in largest:
            self.assign(top, ops.where(top > v, top, v))
            v = top
        unbiased_m = m / (1 - ops.exp(t * ops.log(b1)))
        bias = 1 - ops.exp(t * ops.log(b2))
        root = ops.sqrt(v / bias) + self.epsilon / ops.sqrt(bias)
        self.assign(variable, variable - lr * unbiased_m / root)

    def get_config(self):
        config = super().get_config()
        for name in ("beta_1", "beta_2", "epsilon", "amsgrad"):
            config[name] = getattr(self, name)
        return config


@keras.saving.register_keras_serializable(package="layerwise")
class AdamW(Adam):
    def __init__(self, learning_rate=0.001, weight_decay=0.004, *args, **kwargs):
        if weight_decay is None:
            raise ValueError("no decay?")
        super().__init__(learning_rate, *args, weight_decay=weight_decay, **kwargs)

    def _apply_weight_decay(self, variables):
        pass

    def update_step(self, gradient, variable, learning_rate):
        if self._use_weight_decay(variable):
            kept = 1 - ops.cast(learning_rate, variable.dtype) * self.weight_decay
            self.assign(variable, variable * kept)
        super().update_step(gradient, variable, learning_rate)
