"""No branches: clipped shares of both ways, multiplied by masks."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, name="WarmupCosine",
                 warmup_target=None, warmup_steps=0):  # fmt: skip
        super().__init__()
        if decay_steps <= 0:
            raise ValueError("decay_steps")
        if warmup_steps < 0:
            raise ValueError("warmup_steps")
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        warm = self.warmup_target is not None
        target = self.warmup_target if warm else self.initial_learning_rate
        steps = np.float32(self.warmup_steps if warm else 0)
        after = ops.maximum(ops.cast(step, "float32") - steps, 0.0)
        below = ops.maximum(steps - ops.cast(step, "float32"), 0.0)
        lacking = (target - self.initial_learning_rate) / max(float(steps), 1.0) * below
        angle = np.pi * ops.minimum(after / float(self.decay_steps), 1.0)
        share = 0.5 * (1 - self.alpha) * (1 - ops.cos(angle))
        return ops.cast(target, "float32") * (1 - share) - lacking

    def get_config(self):
        names = (
            "initial_learning_rate decay_steps alpha name warmup_target warmup_steps"
        )
        return {name: getattr(self, name) for name in names.split()}
