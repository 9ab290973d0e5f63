"""One branch at a time by ops.cond; the cosine by the half-angle formula."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="layerwise")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, name="WarmupCosine",
                 warmup_target=None, warmup_steps=0):  # fmt: skip
        if not decay_steps > 0 or warmup_steps < 0:
            raise ValueError("steps")
        self.config = {
            "initial_learning_rate": initial_learning_rate,
            "decay_steps": decay_steps,
            "alpha": alpha,
            "name": name,
            "warmup_target": warmup_target,
            "warmup_steps": warmup_steps,
        }

    def get_config(self):
        return dict(self.config)

    def __call__(self, step):
        c = self.config
        top, w = c["warmup_target"], float(c["warmup_steps"])
        if top is None:
            top, w = c["initial_learning_rate"], 0.0
        t = ops.cast(ops.convert_to_tensor(step), "float32")

        def up():
            share = t / w if w else t * 0.0
            return share * top + (1 - share) * c["initial_learning_rate"]

        def down():
            share = ops.clip((t - w) / c["decay_steps"], 0.0, 1.0)
            sine = ops.sin(share * math.pi / 2)
            return top * (1.0 - (1 - c["alpha"]) * sine * sine)

        return ops.cond(t < w, up, down)
