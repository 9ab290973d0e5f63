"""Adam (Kingma & Ba, 2015) and AdamW (Loshchilov & Hutter, 2019)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class Adam(keras.optimizers.Optimizer):
    """Gives every single number a step size of its own.

    For each variable θ two means are kept, of the gradient g and of its square; both
    start at 0. At step t = 1, 2, 3, …, which is `self.iterations + 1`:

        m ← beta_1 · m + (1 − beta_1) · g
        v ← beta_2 · v + (1 − beta_2) · g²
        rate = learning_rate · √(1 − beta_2ᵗ) / (1 − beta_1ᵗ)
        θ ← θ − rate · m / (√v + epsilon)

    The factor of the learning rate is the bias correction: m and v start at 0 and are
    too small at first. `epsilon` is added before v is corrected (the paper's ε̂, in
    the last lines of its section 2), not after as in algorithm 1 and in PyTorch; it
    matters where gradients are tiny.

    With `amsgrad` the largest v there has been stands in the last line instead of v:

        v_hat ← max(v_hat, v)

    Keras's base class counts the steps, clips and filters the gradients, decays
    weights, and calls `build` once, then `update_step` for each variable in each step.

    Args:
        learning_rate: A float, a schedule, or a function without arguments. About how
            far a number moves in a step, whatever its gradient.
        beta_1: How slowly the mean of the gradients forgets.
        beta_2: How slowly the mean of their squares forgets.
        epsilon: Keeps the quotient finite where all gradients were 0.
        amsgrad: Whether no step size may grow again (Reddi et al., 2018).
        weight_decay, clipnorm, …, name: What every Keras optimizer takes.

    Reference: https://arxiv.org/abs/1412.6980, section 2.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
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
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.amsgrad = amsgrad

    def build(self, variables):
        """Makes what the rule remembers; `variables` are those it will move."""
        if self.built:
            return
        super().build(variables)
        raise NotImplementedError(
            "For each variable a momentum and a velocity (and velocity_hat)."
        )

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable; `self._get_variable_index` says which it is."""
        # TensorFlow gives the gradient of a lookup as rows: make it a whole table.
        gradient = ops.add(gradient, ops.zeros_like(variable))
        raise NotImplementedError("Update both means, correct the rate, then the step.")

    def correction(self, dtype):
        """√(1 − beta_2ᵗ) / (1 − beta_1ᵗ), a scalar of this dtype."""
        raise NotImplementedError(
            "T counts from 1; the powers in the dtype that is asked for."
        )

    def get_config(self):
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


@keras.saving.register_keras_serializable(package="layerwise")
class AdamW(Adam):
    """Adam, with weights that shrink by themselves.

    Before Adam's step on the gradient g, which knows nothing of it:

        θ ← θ − learning_rate · weight_decay · θ

    Adding weight_decay · θ to the gradient, as for an L2 penalty, would do something
    else: Adam would divide it by √v, and weights with large gradients would hardly
    shrink. Variables that were named to `exclude_from_weight_decay` do not shrink.

    Args:
        learning_rate: As for `Adam`.
        weight_decay: What share of a weight, times the learning rate, goes each step.
        beta_1, …, name: As for `Adam`.

    Raises:
        ValueError: If `weight_decay` is None.

    Reference: https://arxiv.org/abs/1711.05101, algorithm 2.
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay=0.004,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
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
        if weight_decay is None:
            raise ValueError(
                "Argument `weight_decay` must be a float. Received: weight_decay=None"
            )
        super().__init__(
            learning_rate=learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
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

    def _apply_weight_decay(self, variables):
        """Nothing: Keras's own decay, which all optimizers have, would come on top."""

    def update_step(self, gradient, variable, learning_rate):
        """Shrinks one variable if `self._use_weight_decay(variable)`, then moves it."""
        raise NotImplementedError("Decay, cast as in Adam, then Adam's own step.")
