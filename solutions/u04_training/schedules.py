"""A learning rate that rises first and then falls (Loshchilov & Hutter, 2017)."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """From a small learning rate up a straight line, then down half a cosine.

    With the step t = 0, 1, 2, …, warm-up steps w, decay steps d:

        t < w:  initial + (target − initial) · t / w
        else:   target · (alpha + (1 − alpha) · (1 + cos(π · min(t − w, d) / d)) / 2)

    So the rate is `initial_learning_rate` at step 0, `warmup_target` at step w, and
    alpha · `warmup_target` from step w + d on. Without a `warmup_target` there is no
    warm-up, whatever `warmup_steps` says: w is 0, and the target is
    `initial_learning_rate`.

    Takes Keras's `CosineDecay` arguments and can stand in its place.

    Args:
        initial_learning_rate: Where it begins.
        decay_steps: d, how many steps the way down takes; above 0.
        alpha: The share of the target that is left at the end.
        name: A name.
        warmup_target: The highest learning rate, or None.
        warmup_steps: w, how many steps the way up takes.

    Calling it with a step, a number or a scalar tensor, gives the learning rate as a
    float32 scalar.

    Raises:
        ValueError: If `decay_steps` is not above 0 or `warmup_steps` is below 0.

    Reference: https://arxiv.org/abs/1608.03983, equation 5; warm-up:
    https://arxiv.org/abs/1706.02677, section 2.2.
    """

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        alpha=0.0,
        name="WarmupCosine",
        warmup_target=None,
        warmup_steps=0,
    ):
        super().__init__()
        if decay_steps <= 0:
            raise ValueError(f"decay_steps must be above 0; got {decay_steps}.")
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps can't be below 0; got {warmup_steps}.")
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps, self.alpha, self.name = decay_steps, alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step):
        ### BEGIN SOLUTION both branches, and ops.where between them: step may be a tensor
        t = ops.cast(step, "float32")
        start, target, w = self.initial_learning_rate, self.warmup_target, 0
        if target is None:
            target = start
        else:
            w = self.warmup_steps
        rising = start + (target - start) * t / max(w, 1)
        done = ops.minimum(t - w, self.decay_steps) / self.decay_steps
        cosine = (1 + ops.cos(math.pi * done)) / 2
        falling = target * (self.alpha + (1 - self.alpha) * cosine)
        return ops.where(t < w, rising, falling)
        ### END SOLUTION

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }
