"""Gradient descent with momentum (Polyak, 1964; Sutskever et al., 2013)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class SGD(keras.optimizers.Optimizer):
    """Steps against the gradient g, and may gather speed on the way.

    Without momentum:

        θ ← θ − learning_rate · g

    With momentum, a velocity v for each variable θ, which starts at 0:

        v ← momentum · v − learning_rate · g
        θ ← θ + v

    With `nesterov` too, the step looks one further velocity ahead:

        v ← momentum · v − learning_rate · g
        θ ← θ + momentum · v − learning_rate · g

    The learning rate may be another one at each step. It belongs into the velocity:
    what was gathered at a large learning rate is not rescaled when the rate falls.

    Keras's base class counts the steps, clips and filters the gradients, decays
    weights, and calls `build` once, then `update_step` for each variable in each step.

    Args:
        learning_rate: A float, a schedule, or a function without arguments.
        momentum: How much of the velocity is left after a step: a float in [0, 1].
        nesterov: Whether to look ahead.
        weight_decay, clipnorm, …, name: What every Keras optimizer takes.

    Raises:
        ValueError: If `momentum` is not a float in [0, 1].

    Reference: https://proceedings.mlr.press/v28/sutskever13.html, equations 1 to 4.
    """

    def __init__(
        self,
        learning_rate=0.01,
        momentum=0.0,
        nesterov=False,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )
        if not isinstance(momentum, float) or not 0 <= momentum <= 1:
            raise ValueError(
                f"`momentum` must be a float between [0, 1]. Received: {momentum!r}"
            )
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables):
        """Makes what the rule remembers; `variables` are those it will move."""
        if self.built:
            return
        super().build(variables)
        ### BEGIN SOLUTION with momentum, a velocity for each variable: `momentums`
        self.momentums = []
        if self.momentum != 0:
            self.momentums = self.add_optimizer_variables(variables, "momentum")
        ### END SOLUTION

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable; `self._get_variable_index` says which it is."""
        ### BEGIN SOLUTION cast to the variable's dtype, new velocity, then the step
        g = ops.cast(gradient, variable.dtype)
        rate = ops.cast(learning_rate, variable.dtype)
        if self.momentum == 0:
            self.assign_sub(variable, rate * g)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, self.momentum * velocity - rate * g)
        if self.nesterov:
            self.assign_add(variable, self.momentum * velocity - rate * g)
        else:
            self.assign_add(variable, velocity)
        ### END SOLUTION

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "nesterov": self.nesterov,
        }
