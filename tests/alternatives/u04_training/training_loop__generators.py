"""A generator of batches; the scale as a number of doublings; the norm by an einsum."""

import math

import numpy as np
from keras import ops

from course.autodiff import gradients as derivatives


def clip_by_global_norm(gradients, clip_norm):
    there = [ops.reshape(g, (-1,)) for g in gradients if g is not None]
    everything = ops.concatenate(there)
    length = ops.sqrt(ops.einsum("i,i->", everything, everything))
    factor = ops.where(length > clip_norm, clip_norm / length, 1.0)
    return [g if g is None else factor * g for g in gradients]


class LossScale:
    def __init__(self, initial_scale=2.0**15, dynamic_growth_steps=2000):
        self.scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self.good_steps = 0

    def scale_loss(self, loss):
        return self.scale * loss

    def unscale(self, gradients):
        return [g if g is None else g * (1 / self.scale) for g in gradients]

    def update(self, gradients):
        sums = (float(ops.sum(ops.abs(g) * 0)) for g in gradients if g is not None)
        if math.isnan(sum(sums)):
            self.good_steps = 0
            self.scale *= 0.5
            return False
        if self.good_steps + 1 < self.dynamic_growth_steps:
            self.good_steps += 1
        else:
            self.good_steps = 0
            self.scale *= 2.0
        return True


def train_step(model, x, y, loss, optimizer, clip_norm=None, loss_scale=None):
    if not model.built:
        model(x, training=False)
    seen = []

    def scaled():
        total = loss(y, model(x, training=True))
        for extra in model.losses:
            total = total + extra
        seen.append(ops.stop_gradient(total))
        return loss_scale.scale_loss(total) if loss_scale else total

    found = derivatives(scaled, model.trainable_variables)
    usable = True
    if loss_scale:
        found = loss_scale.unscale(found)
        usable = loss_scale.update(found)
    if usable:
        found = clip_by_global_norm(found, clip_norm) if clip_norm else found
        optimizer.apply_gradients(zip(found, model.trainable_variables, strict=True))
    return seen[-1]


def batches(count, batch_size, rng):
    order = list(range(count))
    if rng is not None:
        rng.shuffle(order)
    while order:
        yield np.array(order[:batch_size])
        order = order[batch_size:]


def fit(model, x, y, loss, optimizer, batch_size=32, epochs=1, shuffle=True, seed=None,
        clip_norm=None, loss_scale=None):  # fmt: skip
    x, y = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    rng = np.random.default_rng(seed) if shuffle else None
    losses = []
    while len(losses) < epochs:
        seen = []
        for batch in batches(x.shape[0], batch_size, rng):
            args = (
                ops.take(x, batch, axis=0),
                ops.take(y, batch, axis=0),
                loss,
                optimizer,
            )
            value = train_step(model, *args, clip_norm=clip_norm, loss_scale=loss_scale)
            seen += [float(value)] * len(batch)
        losses.append(float(np.mean(seen)))
    return {"loss": losses}
